"""What became of one message that came in, gathered for somebody who looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.arrival import Arrival, Judgement
from wardmail.model.handover import Handover
from wardmail.model.stored import Event


@dataclass(frozen=True, slots=True)
class ArrivalStory:
    """`judgement` None: not judged, or its content has ended; `is_sealed`: the keystore does not answer, so nobody can tell.

    `handover` is how its application gets mail today.
    """

    arrival: Arrival
    judgement: Judgement | None
    is_sealed: bool
    events: tuple[Event, ...]
    handover: Handover
