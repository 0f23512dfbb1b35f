"""Looks through the register for what people must be told of, once a day and whenever it has changed."""

from __future__ import annotations

import asyncio
import logging
from datetime import date

from wardmail.model.refusal import Unavailable
from wardmail.outbound.world import World

log = logging.getLogger(__name__)


class RegisterWatch:
    """One process of an installation runs it; what was told is kept in the store, so two would do no harm."""

    def __init__(self, world: World, every: float) -> None:
        self._world = world
        self._every = every
        self._looked_at: tuple[date, int] | None = None

    async def run(self) -> None:
        watch = type(self).__name__
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.warning('event=register_look_failed watch=%s part="%s"', watch, error.part)
            except Exception as error:
                log.error("event=register_look_broke watch=%s error=%s", watch, type(error).__name__)
            await asyncio.sleep(self._every)

    async def look(self) -> int:
        """How many warnings were given."""
        register = self._world.register
        now = (register.today(), register.snapshot.version)
        if now == self._looked_at:
            return 0
        told = await self._look(now[0])
        self._looked_at = now
        return told

    async def _look(self, today: date) -> int:
        raise NotImplementedError
