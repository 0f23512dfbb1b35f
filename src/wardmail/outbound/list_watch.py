"""Tells people and programs, once for each list and stage, that the accredited list is soon out of date, or is (SHARE-4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import date

from wardmail.model.person import Permission, Person
from wardmail.model.stored import Event
from wardmail.outbound.notices import notice_route, notices_to, people_to_tell, posted
from wardmail.outbound.register_watch import RegisterWatch
from wardmail.outbound.world import World
from wardmail.policy.list_age import ListEnding, ListStage, list_ending
from wardmail.protocol.notifications import LIST_STALE

log = logging.getLogger(__name__)

LIST = "accredited"


class ListWatch(RegisterWatch):
    def __init__(self, world: World, people: Callable[[], Mapping[str, Person]], every: float = 60.0) -> None:
        """`people` blocks."""
        super().__init__(world, every)
        self._people = people

    async def _look(self, today: date) -> int:
        ending = list_ending(self._world.register.snapshot, today)
        return int(ending is not None and await self._tell(ending))

    async def _tell(self, ending: ListEnding) -> bool:
        to = people_to_tell(await asyncio.to_thread(self._people), Permission.MANAGE_LISTS)
        notices = await notices_to(self._world, to, in_words(ending), route=notice_route(self._world))
        reached = len(to) if notices else 0
        data = {"list": LIST, "stage": ending.stage.value, "ends": ending.on.isoformat()}
        event = Event("ListStale", self._world.clock.now(), "wardmail", None, LIST, {**data, "told": reached})
        # By the import, and not by the version's name: the same file may be imported again.
        key = f"list-stale {LIST} {ending.imported_at} {ending.on} {ending.stage}"
        given = await self._world.queue.put_once(key, event, notices, [posted(self._world, LIST_STALE, data)])
        if given:
            log.warning("event=list_stale stage=%s ends=%s told=%d", ending.stage, ending.on, reached)
        return given


def in_words(ending: ListEnding) -> tuple[str, list[str]]:
    """Subject and lines."""
    is_over = ending.stage is ListStage.OVER
    when = f"is out of date since {ending.on}" if is_over else f"is out of date from {ending.on}"
    lines = [
        f"The list of accredited organisations that this gateway judges addresses by {when}.",
        "",
        "Who was accredited since is not known to be secure, and sensitive mail to them is held or goes by another way.",
        "",
        "What to do: get the list of today, then run",
        "  wardmail lists import FILE",
        f"The one in use: {ending.version}",
    ]
    return f"The accredited list {'is' if is_over else 'is soon'} out of date", lines
