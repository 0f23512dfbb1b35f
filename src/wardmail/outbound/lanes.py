"""What one route has in hand in this process, and until when the store keeps it for us."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from wardmail.model.consignment import Consignment

IN_HAND = 500
"""Consignments one lane keeps in memory; the rest wait in the store."""
IN_HAND_OCTETS = 32 * 1024 * 1024


@dataclass(slots=True, eq=False)
class InHand:
    """A consignment that is leased to this process `until` then; after that it may be another's."""

    consignment: Consignment
    until: float


@dataclass(slots=True)
class Lane:
    """One route in this process. `closed_until` is when an upstream that failed, or a ceiling, may be tried again.

    `has_more`: the store had more due than was taken, so that it is asked again as soon as a courier is free.
    """

    route: str
    waiting: deque[InHand] = field(default_factory=deque)
    begun: set[InHand] = field(default_factory=set)
    octets: int = 0
    couriers: int = 0
    closed_until: float = 0.0
    failures: int = 0
    has_more: bool = False

    def has_room(self, size: int, now: float) -> bool:
        room = len(self.waiting) < IN_HAND and self.octets + size <= IN_HAND_OCTETS
        return room and self.closed_until <= now and not self.failures

    def push(self, each: InHand) -> None:
        self.waiting.append(each)
        self.octets += each.consignment.body.size

    def pop(self) -> InHand:
        each = self.waiting.popleft()
        self.octets -= each.consignment.body.size
        return each

    def empty(self) -> Sequence[Consignment]:
        taken, self.octets = [each.consignment for each in self.waiting], 0
        self.waiting.clear()
        return taken

    def ending_before(self, moment: float) -> Sequence[InHand]:
        """What waits or has begun on a lease that is over by then."""
        return [each for each in (*self.waiting, *self.begun) if each.until < moment]
