"""Reports of others as JSON: what comes back from a worker is read as data, never as code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from wardmail.assurance.report_reading import Unread
from wardmail.model.aggregate_report import DmarcReport, DmarcRow, Report, TlsFailure, TlsPolicy, TlsReport


def pack_reports(found: Sequence[Report | Unread]) -> bytes:
    return json.dumps([{"kind": type(each).__name__, "said": asdict(each)} for each in found]).encode()


def unpack_reports(packed: bytes) -> Sequence[Report | Unread]:
    """Raises ValueError, KeyError or TypeError for what is none."""
    given = json.loads(packed)
    if not isinstance(given, list):
        raise TypeError("a list is expected")
    return [_KINDS[each["kind"]](each["said"]) for each in given]


def _dmarc(said: Mapping[str, Any]) -> DmarcReport:
    return DmarcReport(**{**said, "rows": tuple(DmarcRow(**row) for row in said["rows"])})


def _tls(said: Mapping[str, Any]) -> TlsReport:
    return TlsReport(**{**said, "policies": tuple(_policy(each) for each in said["policies"])})


def _policy(said: Mapping[str, Any]) -> TlsPolicy:
    return TlsPolicy(**{**said, "details": tuple(TlsFailure(**each) for each in said["details"])})


def _unread(said: Mapping[str, Any]) -> Unread:
    return Unread(**said)


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Report | Unread]] = {
    "DmarcReport": _dmarc,
    "TlsReport": _tls,
    "Unread": _unread,
}
