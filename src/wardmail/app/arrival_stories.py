"""Reads what became of a message that came in, for its page."""

from __future__ import annotations

import asyncio

from wardmail.inbound.world import InboundWorld
from wardmail.model.arrival import Judgement
from wardmail.model.arrival_story import ArrivalStory
from wardmail.model.refusal import Unavailable
from wardmail.model.stored import Event
from wardmail.store.messages import Messages


class StoredArrivalStories:
    """Implements `ports.ArrivalStories` over the store."""

    def __init__(self, messages: Messages, world: InboundWorld) -> None:
        self._messages = messages
        self._world = world

    async def one(self, arrival_id: str) -> ArrivalStory | None:
        arrival = await self._world.arrivals.load(arrival_id)
        if arrival is None:
            return None
        judgement, is_sealed = await self._judgement(arrival_id)
        lines = await asyncio.to_thread(self._messages.history, arrival_id)
        events = tuple(Event(each.kind, each.at, each.actor, arrival_id, each.subject, each.detail) for each in lines)
        return ArrivalStory(arrival, judgement, is_sealed, events, self._world.handover_of(arrival.integration))

    async def _judgement(self, arrival_id: str) -> tuple[Judgement | None, bool]:
        try:
            return await self._world.arrivals.judgement(arrival_id), False
        except Unavailable:
            return None, True
