"""What was found in a message that came in: its parts, its links, and findings, each with an ID, a weight and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """NOTE is for people to know; SUSPICIOUS adds up; DANGEROUS is enough alone; UNREADABLE means that nobody can say."""

    NOTE = "note"
    SUSPICIOUS = "suspicious"
    DANGEROUS = "dangerous"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """`id` is stable (`office-macro`); `weight` 0-100 adds up over a message; `sentence` holds no text of the message
    but names and hosts; `part` is the path of the part, empty for the whole message."""

    id: str
    severity: Severity
    weight: int
    sentence: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """`path` is as in `1.2`, and within containers `1.2/docs.zip/letter.docm`; `size` in octets, decoded."""

    path: str
    declared_type: str
    detected_type: str
    filename: str
    size: int
    sha256: str
    md5: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """`findings` are of the message as a whole; those of a part are in the part."""

    parts: tuple[Part, ...]
    urls: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return self.findings + tuple(finding for part in self.parts for finding in part.findings)


class ScanOutcome(StrEnum):
    CLEAN = "clean"
    FOUND = "found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ScanReport:
    """One scanner's word. UNKNOWN is never clean. `names` are of malware or rules; `score` and `limit` are the scanner's."""

    scanner: str
    outcome: ScanOutcome
    names: tuple[str, ...] = ()
    score: float | None = None
    limit: float | None = None
    why: str = ""
