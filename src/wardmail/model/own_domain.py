"""Domains that are looked at from outside, our own and others': what was found, and the keys that sign for ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
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
class Worsening:
    """A check that came out worse than `before`, when it could last be told."""

    finding: DomainFinding
    before: Verdict


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
    """`public` is what p= of its record holds; `last_used` in seconds since the epoch.

    `moved_at` tells when it came into its state, where that is known.
    """

    domain: str
    selector: str
    algorithm: str
    state: KeyState
    kept_in: str
    last_used: float | None
    public: bytes
    moved_at: float | None = None


@dataclass(frozen=True, slots=True)
class ServerLook:
    """What one mail server showed when we knocked. `why` says why less was seen, in words.

    `versions` of TLS with approved suites; `proof` is a sentence: why the certificate does not prove the name, empty where
    it does. `chain` is DER, the server's own first. `expires_at` in seconds since the epoch. `old_version`: which of TLS 1.0
    and 1.1 it speaks beside the good ones; empty: neither, and None: that could not be tried.
    """

    host: str
    address: str
    is_reached: bool = False
    offers_tls: bool = False
    versions: tuple[str, ...] = ()
    cipher: str = ""
    proof: str = ""
    key: str = ""
    is_key_strong: bool = True
    expires_at: float = 0.0
    chain: tuple[bytes, ...] = ()
    why: str = ""
    old_version: str | None = None


class AssuranceKind(StrEnum):
    """What another organisation shows besides what can be seen from outside (SHARE-8)."""

    ISO_27001 = "iso-27001"
    PENETRATION_TEST = "penetration-test"
    DSPT = "dspt"
    CYBER_ESSENTIALS = "cyber-essentials"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Assurance:
    """`reference` says where the evidence is kept; `until` is the last day on which it counts."""

    kind: AssuranceKind
    reference: str
    until: date
    recorded_by: str
    recorded_at: float

    def counts_on(self, day: date) -> bool:
        return day <= self.until


@dataclass(frozen=True, slots=True)
class KnownDomain:
    """A domain that somebody put on record; `is_ours`, or another organisation's. `added_at` in seconds since the epoch."""

    name: str
    is_ours: bool
    added_by: str
    added_at: float
    note: str = ""
    assurances: tuple[Assurance, ...] = ()
