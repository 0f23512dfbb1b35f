"""What the API for people stands on: the same desks at which commands and pages work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wardmail.model.delivery import RecipientState
from wardmail.model.evidence import Period
from wardmail.model.person import Person
from wardmail.model.reading import Page, Record, Wanted
from wardmail.outbound.world import World
from wardmail.ports import HeldRecords, HoldBook, MessageRecords, PersonRecords


class WaitingMail(Protocol):
    """What waits to be sent. Each change is one transaction with its event. Blocking."""

    def hurry(self, message_ids: Sequence[str] | None, domain: str, actor: str) -> int:
        """Make copies due now: of these messages, or (None) all, or all to a domain; how many."""
        ...

    def change_state(
        self, message_ids: Sequence[str], *, to: RecipientState, actor: str, reason: str
    ) -> Sequence[tuple[str, int]]:
        """Hold or cancel what waits; message and number of each copy that was changed."""
        ...

    def ages(self, now: float) -> Sequence[tuple[str, float]]:
        """Domain and age in seconds of every copy that waits."""
        ...

    def in_hand(self, message_ids: Sequence[str]) -> int:
        """How many copies are being sent at this moment, and were left alone."""
        ...


class SuppressionDesk(Protocol):
    """The list of addresses that mail must not go to. Blocking."""

    def page(self, wanted: Wanted) -> Page:
        """By address. Raises ValueError for an `after` that no page gave."""
        ...

    def add(self, actor: Person, address: str, integration: str, reason: str, days: float | None) -> Record: ...

    def remove(self, actor: Person, address: str, integration: str | None, reason: str) -> Record:
        """`integration` None: every entry of the address."""
        ...


class AuditDesk(Protocol):
    """Blocking; what walks the whole audit takes long."""

    def since(self, after: int, limit: int) -> Sequence[Record]: ...

    def newest(self, before: int | None, limit: int) -> Sequence[Record]:
        """The newest first."""
        ...

    def chain(self) -> Record: ...

    def knows(self, message_id: str) -> bool:
        """Whether a pack can be about it."""
        ...

    def pack(self, actor: Person, kind: str, period: Period, message_id: str, reason: str) -> tuple[str, bytes]:
        """A name, and a ZIP archive."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """`pepper` is the key of the keyed hash that people's keys are kept by."""

    people: PersonRecords
    pepper: bytes
    world: World
    held: HeldRecords
    holds: HoldBook
    messages: MessageRecords
    waiting: WaitingMail
    suppressions: SuppressionDesk
    audit: AuditDesk
