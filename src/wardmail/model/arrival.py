"""A message that came in: from where, by whom, and how far it has got on its way to an application."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.address import Address
from wardmail.model.inspection import Inspection, ScanReport
from wardmail.model.message import Body, TlsSession
from wardmail.model.sender import SenderEvidence
from wardmail.model.verdict import Verdict


class ArrivalState(StrEnum):
    """RECEIVED waits to be judged; HANDING_OVER for the application to take it, or to collect it."""

    RECEIVED = "received"
    HANDING_OVER = "handing-over"
    HANDED_OVER = "handed-over"
    ACKNOWLEDGED = "acknowledged"
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    REJECTED = "rejected"
    DEAD_LETTER = "dead-letter"
    DELETED = "deleted"
    EXPIRED = "expired"


WORKED_ON = (ArrivalState.RECEIVED, ArrivalState.HANDING_OVER)
"""States in which a process has something to do, once it is due."""

NEEDED = (*WORKED_ON, ArrivalState.QUARANTINED, ArrivalState.DEAD_LETTER)
"""Somebody still waits for the content."""

RECEIPTED = (ArrivalState.HANDED_OVER, ArrivalState.ACKNOWLEDGED, ArrivalState.DELETED)
"""The upstream's copy may go: the application has it, or a person threw it away."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """`sender` empty for the null reverse-path, and for collected mail, which has no envelope; `recipients` likewise.

    `exception` says why TLS was not required, where it was not. `findings` are IDs.
    """

    id: str
    source: str
    integration: str
    via: str
    received_at: float
    size: int
    peer: str = ""
    helo: str = ""
    tls: TlsSession | None = None
    exception: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    smtputf8: bool = False
    state: ArrivalState = ArrivalState.RECEIVED
    action: str = ""
    findings: tuple[str, ...] = ()
    attempts: int = 0
    due_at: float | None = None
    why: str = ""
    proposed_by: str = ""
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class RawMail:
    """The octets as they came: `head` with its line ends and without the blank line, or empty when `body` is all of it."""

    head: bytes
    body: Body

    def octets(self) -> bytes:
        """Blocking for spooled bodies."""
        body = b"".join(self.body.chunks())
        return b"%b\r\n%b" % (self.head, body) if self.head else body

    @property
    def size(self) -> int:
        return len(self.head) + 2 * bool(self.head) + self.body.size


@dataclass(frozen=True, slots=True)
class Reception:
    """What another mail server brought, before anything was decided; `peer` is its IP address."""

    id: str
    peer: str
    helo: str
    tls: TlsSession | None
    sender: Address | None
    recipients: tuple[Address, ...]
    smtputf8: bool
    raw: RawMail
    received_at: float


@dataclass(frozen=True, slots=True)
class Arrived:
    """An arrival on its way into the store. `lease_owner` is the process that goes on with it at once, until `due_at`.

    `terms` are what it is found by besides addresses and IDs.
    """

    arrival: Arrival
    raw: RawMail
    retention_days: int
    lease_owner: str | None = None
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that was proved and found about one arrival, and what is to be done with it."""

    sender: SenderEvidence
    inspection: Inspection
    scans: tuple[ScanReport, ...]
    verdict: Verdict
    judged_at: float
    report: str = ""


@dataclass(frozen=True, slots=True)
class ArrivalChange:
    """One step of one arrival, with the event that tells of it; `before`: it must be in one of these states.

    `attempts` and `action` None: as they are.
    """

    id: str
    before: tuple[ArrivalState, ...]
    state: ArrivalState
    due_at: float | None
    kind: str
    actor: str
    detail: dict[str, object]
    why: str = ""
    attempts: int | None = None
    action: str | None = None
    findings: tuple[str, ...] = ()
    judgement: Judgement | None = None
    proposed_by: str = ""
    lease_owner: str | None = None


@dataclass(frozen=True, slots=True)
class SeenItem:
    """One message of a mailbox, and what became of it. `problem` is why it was not collected, for a person to look into."""

    source: str
    key: str
    arrival_id: str | None
    first_seen_at: float
    problem: str = ""
    settled_at: float | None = None


@dataclass(frozen=True, slots=True)
class DayCount:
    """How one day of one source adds up: every message is in exactly one of the columns, or `unaccounted`."""

    source: str
    day: str
    came: int
    receipted: int
    waiting: int
    quarantined: int
    ended: int
    problems: int
    unaccounted: int
