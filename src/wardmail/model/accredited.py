"""One line of the list of organisations accredited to DCB1596 (SHARE-4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class AccreditedEntry:
    """Accreditation lasts one year; `expires` is the last day on which it counts.

    `domain` is lower-case A-labels and exact; `*.x.example` means every name below x.example.
    """

    domain: str
    organisation: str
    ods_code: str
    accredited_on: date
    expires: date


@dataclass(frozen=True, slots=True)
class ListVersion:
    """One import of a list: who brought it in, from where, and how many entries it had."""

    name: str
    version: str
    imported_at: float
    imported_by: str
    source: str
    entries: int
