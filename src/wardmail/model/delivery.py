"""The life of one recipient's copy: states, the moves allowed between them, and what an attempt can come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.route import TlsLevel


class RecipientState(StrEnum):
    """Honest words: DELIVERED is said only when the recipient's own server took it, RELAYED when a relay did."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    HELD = "held"
    RELAYED = "relayed"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


_OPEN = {
    RecipientState.DEFERRED,
    RecipientState.RELAYED,
    RecipientState.DELIVERED,
    RecipientState.BOUNCED,
    RecipientState.EXPIRED,
    RecipientState.CANCELLED,
    RecipientState.HELD,
}

TRANSITIONS: dict[RecipientState, frozenset[RecipientState]] = {
    RecipientState.ACCEPTED: frozenset(_OPEN),
    RecipientState.DEFERRED: frozenset(_OPEN | {RecipientState.ACCEPTED}),
    RecipientState.HELD: frozenset({RecipientState.ACCEPTED, RecipientState.CANCELLED, RecipientState.REJECTED}),
    RecipientState.RELAYED: frozenset({RecipientState.BOUNCED, RecipientState.DELIVERED}),
    RecipientState.DELIVERED: frozenset(),
    RecipientState.BOUNCED: frozenset(),
    RecipientState.EXPIRED: frozenset(),
    RecipientState.REJECTED: frozenset(),
    RecipientState.CANCELLED: frozenset(),
}
"""From each state, where a copy may go next. A final state has nowhere to go."""

WAITING = frozenset({RecipientState.ACCEPTED, RecipientState.DEFERRED})
"""States in which a courier may take the copy."""


@dataclass(frozen=True, slots=True)
class PeerReply:
    """What a server said, word for word (control characters removed), so that people can be shown it."""

    code: int
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class AttemptTls:
    """Required and achieved, kept with every attempt (SEC-1): `proof` says how the name was proved, or why not."""

    required: TlsLevel
    achieved: TlsLevel
    version: str = ""
    cipher: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The recipient's own server accepted it."""

    reply: PeerReply


@dataclass(frozen=True, slots=True)
class HandedOn:
    """A relay accepted it; `dsn` says whether that relay promised to report (RFC 3461)."""

    reply: PeerReply
    dsn: bool = False


@dataclass(frozen=True, slots=True)
class Deferred:
    """Try again. `counts` is False when the message was never offered (no connection, quota used up)."""

    why: str
    reply: PeerReply | None = None
    counts: bool = True
    not_before: float | None = None
    error: str = "WM-DELIVERY-DEFERRED"
    status: str = "4.0.0"


@dataclass(frozen=True, slots=True)
class Failed:
    """Never going to work: a real 5xx from a peer, or our own policy."""

    why: str
    reply: PeerReply | None = None
    status: str = "5.0.0"
    error: str = "WM-DELIVERY-FAILED"


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The connection was lost after the final dot: it may have been taken. Tried again, as a possible duplicate."""

    why: str


AttemptOutcome = Delivered | HandedOn | Deferred | Failed | Ambiguous
