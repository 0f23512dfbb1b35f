"""What receiving asks of the outside world: mailboxes, scanners, the store of arrivals, and who takes mail over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.address import Address
from wardmail.model.arrival import Arrival, ArrivalChange, Arrived, Judgement, RawMail, Reception
from wardmail.model.handover import Handover, NotTaken, Parcel, Taken
from wardmail.model.inspection import ScanReport
from wardmail.model.mailbox import Gone, Listing, MailboxItem, TooLarge
from wardmail.model.refusal import Refusal
from wardmail.model.sender import Sending


class Mailbox(Protocol):
    """One mailbox at an upstream service. Every method raises Unavailable when the service does not answer in time or lies."""

    async def look(self, cursor: str = "") -> Listing:
        """What is there. `cursor` of an earlier listing: the service may then tell only what is new."""
        ...

    async def fetch(self, item: MailboxItem) -> bytes | TooLarge | Gone:
        """The message, byte for byte as the service keeps it; the upstream copy stays as it is."""
        ...

    async def settle(self, keys: Sequence[str]) -> Sequence[str]:
        """Move or delete copies whose receipt has come; gives those that are there no more."""
        ...

    async def watch(self, seconds: float) -> None:
        """Returns when something may have come, or the time is over."""
        ...

    async def close(self) -> None: ...


class Scanner(Protocol):
    """A service that knows malware or spam. Never raises: what it cannot say is an UNKNOWN with the reason."""

    @property
    def name(self) -> str: ...

    async def scan(self, message: bytes, sending: Sending, recipients: Sequence[str]) -> ScanReport: ...

    async def close(self) -> None: ...


class Arrivals(Protocol):
    """Where mail that came in is safe. Every method that writes returns after the commit or raises Unavailable."""

    async def put(self, arrived: Sequence[Arrived]) -> None: ...

    async def change(self, change: ArrivalChange) -> bool:
        """False, and nothing is changed, when the arrival is not in the state it was thought to be in."""
        ...

    async def lease(self, limit: int, now: float, until: float) -> Sequence[Arrival]:
        """Take up to `limit` arrivals that are due, for this process alone until `until`."""
        ...

    async def renew(self, ids: Sequence[str], until: float) -> None:
        """Keep what this process still works on for longer."""
        ...

    async def release(self, ids: Sequence[str]) -> None:
        """Give leases back unused: due now, for anybody."""
        ...

    def take_back_leases(self) -> int:
        """Blocking, at start: what an earlier process of our name worked on is due now; how many that was."""
        ...

    async def load(self, arrival_id: str) -> Arrival | None: ...

    async def raw(self, arrival_id: str) -> RawMail: ...

    async def judgement(self, arrival_id: str) -> Judgement | None: ...

    async def knows(self, integration: str, authors: Sequence[str]) -> bool | None:
        """Did one of them write to the integration before, or was written to? None while nobody can tell."""
        ...

    async def overdue(self, integration: str, before: float, limit: int) -> Sequence[Arrival]:
        """Arrivals of an integration that are in quarantine and came in before that time."""
        ...


class SeenItems(Protocol):
    """What collecting remembers of each mailbox. Every method raises Unavailable when the store cannot keep or say it."""

    async def claim(self, source: str, now: float, until: float) -> bool:
        """Whether this process may collect from the mailbox until then."""
        ...

    async def unseen(self, source: str, keys: Sequence[str]) -> Sequence[str]:
        """Those of these keys that were never collected and are no known problem, in the order given."""
        ...

    async def collect(self, source: str, key: str, digest: str, arrived: Arrived) -> bool:
        """Store an arrival and its key in one transaction. False when its octets came by another key: that is joined."""
        ...

    async def note_problem(self, source: str, key: str, problem: str) -> None:
        """It cannot be collected, and a person must look: told once, and seen by reconciling."""
        ...

    async def forget_problem(self, source: str, key: str) -> bool:
        """It is collected anew; False when there is no such problem."""
        ...

    async def receipted(self, source: str, limit: int) -> Sequence[str]:
        """Keys whose receipt has come and whose upstream copy is still there, as far as we know."""
        ...

    async def settled(self, source: str, keys: Sequence[str], now: float) -> None: ...

    async def cursor(self, source: str) -> str: ...

    async def looked(self, source: str, now: float, cursor: str, problem: str) -> None:
        """How the last look went; `problem` empty when it went well."""
        ...


class ReceptionDesk(Protocol):
    """What a listener asks for each step of another mail server's dialogue. Only `accept` waits.

    Any of them may raise Unavailable, which the listener answers with 451.
    """

    def new_message_id(self) -> str: ...

    def now(self) -> float: ...

    def exception_for(self, peer: str) -> str:
        """Why this peer may speak without TLS today; empty when it may not."""
        ...

    def check_sender(self, peer: str, sender: Address | None) -> Refusal | None: ...

    def check_recipient(self, peer: str, recipient: Address, *, by_tls: bool) -> Refusal | None: ...

    async def accept(self, reception: Reception) -> str | Refusal:
        """The ID of what is stored, after the commit."""
        ...


class HandoverCourier(Protocol):
    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        """One attempt. Never raises."""
        ...

    async def close(self) -> None: ...
