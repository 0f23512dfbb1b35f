"""What an application asks for that collects its mail itself, and what operators do with handovers that went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from wardmail.inbound.handover import parcel_of, summary
from wardmail.inbound.world import InboundWorld
from wardmail.model.arrival import Arrival, ArrivalChange, ArrivalState
from wardmail.model.handover import HandoverKind, Parcel

_WAITING = (ArrivalState.HANDING_OVER,)
_GIVEN = (ArrivalState.HANDED_OVER, ArrivalState.ACKNOWLEDGED, ArrivalState.REJECTED)
_STUCK = (ArrivalState.DEAD_LETTER,)


@dataclass(frozen=True, slots=True)
class _Step:
    before: tuple[ArrivalState, ...]
    state: ArrivalState
    event: str


_ACKNOWLEDGE = _Step(_WAITING, ArrivalState.ACKNOWLEDGED, "MailAcknowledged")
_REJECT = _Step((*_WAITING, *_STUCK), ArrivalState.REJECTED, "MailRejected")
_REPLAY = _Step(_GIVEN, ArrivalState.HANDING_OVER, "MailReplayed")
_REDRIVE = _Step(_STUCK, ArrivalState.HANDING_OVER, "DeadLetterRedriven")


@dataclass(frozen=True, slots=True)
class NotPossible:
    """Why nothing was done; a sentence for people."""

    reason: str


class PullDesk:
    """`integration` empty: an operator asks, whose doings are events all the same."""

    def __init__(self, world: InboundWorld) -> None:
        self._world = world

    async def fetch(self, arrival_id: str, integration: str, actor: str) -> Parcel | NotPossible:
        """The message with what was found on top. It stays until it is acknowledged; that it was read is an event."""
        arrival = await self._find(arrival_id, integration)
        judgement = await self._world.arrivals.judgement(arrival_id) if arrival is not None else None
        if arrival is None or judgement is None or arrival.state not in (*_WAITING, *_GIVEN, *_STUCK):
            return _not_there(arrival_id, arrival)
        message = await asyncio.to_thread((await self._world.arrivals.raw(arrival.id)).octets)
        change = ArrivalChange(
            arrival.id, (arrival.state,), arrival.state, arrival.due_at, "MailFetched", actor, {}, why=arrival.why
        )
        if not await self._world.arrivals.change(change):
            return _changed(arrival.id)
        return await parcel_of(self._world, arrival, message, judgement)

    async def proved(self, arrival_id: str, integration: str) -> Mapping[str, object]:
        """What was proved and found, as webhooks tell it; empty while it is not judged."""
        arrival = await self._find(arrival_id, integration)
        judgement = await self._world.arrivals.judgement(arrival_id) if arrival is not None else None
        return summary(arrival, judgement) if arrival is not None and judgement is not None else {}

    async def acknowledge(self, arrival_id: str, integration: str, actor: str) -> NotPossible | None:
        """The application has it: the upstream's copy may go. Said twice it counts once."""
        arrival = await self._find(arrival_id, integration)
        if arrival is not None and arrival.state in (ArrivalState.ACKNOWLEDGED, ArrivalState.HANDED_OVER):
            return None
        return await self._take(_ACKNOWLEDGE, arrival_id, arrival, actor)

    async def reject(self, arrival_id: str, integration: str, actor: str, reason: str) -> NotPossible | None:
        """The application does not want it; it stays upstream and here, for people to look into."""
        return await self._take(_REJECT, arrival_id, await self._find(arrival_id, integration), actor, reason=reason)

    async def replay(self, arrival_id: str, actor: str, reason: str) -> NotPossible | None:
        """Hand over again what was handed over, with the same key."""
        return await self._again(_REPLAY, arrival_id, actor, reason)

    async def redrive(self, arrival_id: str, actor: str, reason: str) -> NotPossible | None:
        """Send a dead letter on its way once more."""
        return await self._again(_REDRIVE, arrival_id, actor, reason)

    async def _again(self, step: _Step, arrival_id: str, actor: str, reason: str) -> NotPossible | None:
        arrival = await self._find(arrival_id, "")
        if arrival is not None and await self._world.arrivals.judgement(arrival.id) is None:
            return NotPossible(f"{arrival.id} has no content any more, or was never judged.")
        return await self._take(step, arrival_id, arrival, actor, reason=reason)

    async def _take(
        self, step: _Step, arrival_id: str, arrival: Arrival | None, actor: str, *, reason: str = ""
    ) -> NotPossible | None:
        if arrival is None or arrival.state not in step.before:
            return _not_there(arrival_id, arrival)
        pushed = self._world.handover_of(arrival.integration).kind is not HandoverKind.PULL
        due_at = self._world.clock.now() if step.state is ArrivalState.HANDING_OVER and pushed else None
        detail: dict[str, object] = {"reason": reason} if reason else {}
        change = ArrivalChange(
            arrival.id, step.before, step.state, due_at, step.event, actor, detail, why=reason, attempts=0
        )
        if not await self._world.arrivals.change(change):
            return _changed(arrival.id)
        return None

    async def _find(self, arrival_id: str, integration: str) -> Arrival | None:
        """What belongs to another integration is not there."""
        arrival = await self._world.arrivals.load(arrival_id)
        return arrival if arrival is not None and integration in ("", arrival.integration) else None


def _changed(arrival_id: str) -> NotPossible:
    return NotPossible(f"{arrival_id} changed in the meantime; look again.")


def _not_there(arrival_id: str, arrival: Arrival | None) -> NotPossible:
    if arrival is None:
        return NotPossible(f"There is no arrival {arrival_id}.")
    return NotPossible(f"{arrival_id} is {arrival.state.value}: that cannot be done with it.")
