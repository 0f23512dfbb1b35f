"""Inspections and contexts as JSON: what comes back from a worker is read as data, never as code."""

from __future__ import annotations

import json
from typing import Any

from wardmail.content.inspection import Context
from wardmail.content.mime.leaf import Limits
from wardmail.model.inspection import Finding, Inspection, Part, Severity


def pack_context(context: Context) -> bytes:
    limits = context.limits
    return json.dumps(
        {
            "protected_names": context.protected_names,
            "own_domains": context.own_domains,
            "known_sender": context.known_sender,
            "limits": (limits.depth, limits.parts, limits.decoded, limits.message),
        }
    ).encode()


def unpack_context(packed: bytes) -> Context:
    given = json.loads(packed)
    return Context(
        protected_names=tuple(given["protected_names"]),
        own_domains=tuple(given["own_domains"]),
        known_sender=given["known_sender"],
        limits=Limits(*given["limits"]),
    )


def pack_inspection(inspection: Inspection) -> bytes:
    return json.dumps(inspection_record(inspection)).encode()


def unpack_inspection(packed: bytes) -> Inspection:
    """Raises ValueError, KeyError or TypeError for what is none."""
    given = json.loads(packed)
    parts = tuple(Part(**{**part, "findings": _findings(part["findings"])}) for part in given["parts"])
    return Inspection(parts, tuple(str(url) for url in given["urls"]), _findings(given["findings"]))


def _findings(records: list[dict[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(**{**record, "severity": Severity(record["severity"])}) for record in records)


def inspection_record(inspection: Inspection) -> dict[str, Any]:
    """As `wardmail scan --json` prints it, too."""
    return {
        "parts": [_part_record(part) for part in inspection.parts],
        "urls": list(inspection.urls),
        "findings": [_finding_record(finding) for finding in inspection.findings],
    }


def _part_record(part: Part) -> dict[str, Any]:
    return {
        "path": part.path,
        "declared_type": part.declared_type,
        "detected_type": part.detected_type,
        "filename": part.filename,
        "size": part.size,
        "sha256": part.sha256,
        "md5": part.md5,
        "findings": [_finding_record(finding) for finding in part.findings],
    }


def _finding_record(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": str(finding.severity),
        "weight": finding.weight,
        "sentence": finding.sentence,
        "part": finding.part,
    }
