"""What the API for people stands on: the same desks at which commands and pages work."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.outbound.world import World
from wardmail.ports import HeldRecords, HoldBook, PersonRecords


@dataclass(frozen=True, slots=True)
class Office:
    """`pepper` is the key of the keyed hash that people's keys are kept by."""

    people: PersonRecords
    pepper: bytes
    world: World
    held: HeldRecords
    holds: HoldBook
