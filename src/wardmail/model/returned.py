"""A report that came back about a message we sent: who it is about, and what it says (RFC 3464, RFC 5965)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.suppression import Suppression
from wardmail.model.traffic import Verdict


class ReportKind(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """`original` is the address that was written to, `final` where it led; either may be empty. `words` for people."""

    original: str
    final: str
    status: str
    words: str


@dataclass(frozen=True, slots=True)
class IncomingReport:
    """Nothing in it is proved. `ids` are what in it could be our message IDs, `envid` the envelope ID it quotes."""

    kind: ReportKind
    recipients: tuple[ReportedRecipient, ...]
    ids: frozenset[str]
    envid: str


@dataclass(frozen=True, slots=True)
class SentCopy:
    """One copy that left by a route, as the store remembers it."""

    message_id: str
    n: int
    address: str
    integration_id: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What is written down about one copy: it bounced after all, or somebody complained about it."""

    copy: SentCopy
    kind: ReportKind
    status: str
    words: str
    at: float
    verdict: Verdict
    suppress: Suppression | None
