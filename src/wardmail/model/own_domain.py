"""Domains that are looked at from outside, our own and others': what was found, and the keys that sign for ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    GOOD = "good"
    IMPROVE = "improve"
    FIX = "fix"
    NOT_USED = "not-used"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DomainFinding:
    """One check: what was found and what to do, in sentences; `to_do` empty when there is nothing."""

    check: str
    verdict: Verdict
    found: str
    to_do: str = ""


@dataclass(frozen=True, slots=True)
class SpfTerm:
    """One line of the tree that receivers walk. `lookups` are its own and those of everything below it."""

    depth: int
    term: str
    lookups: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DomainReport:
    """`checked_at` in seconds since the epoch."""

    domain: str
    checked_at: float
    findings: tuple[DomainFinding, ...]
    spf: tuple[SpfTerm, ...] = ()


class KeyState(StrEnum):
    """A waiting key is made, its record can be published, and nothing is signed with it yet."""

    WAITING = "waiting"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class DomainKey:
    """`public` is what p= of its record holds; `last_used` in seconds since the epoch."""

    domain: str
    selector: str
    algorithm: str
    state: KeyState
    kept_in: str
    last_used: float | None
    public: bytes


@dataclass(frozen=True, slots=True)
class KnownDomain:
    """A domain that somebody put on record; `is_ours`, or another organisation's. `added_at` in seconds since the epoch."""

    name: str
    is_ours: bool
    added_by: str
    added_at: float
    note: str = ""
