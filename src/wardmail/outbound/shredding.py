"""Ends content when its term ends: deletes it, seals anew what must stay, and destroys the data keys of the rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wardmail.model.clue import month_ends, month_name
from wardmail.model.refusal import Unavailable
from wardmail.model.retention import GroupCount, Removed, group_ends, key_group
from wardmail.ports import Clock, Spool

log = logging.getLogger(__name__)

GRACE = 3600.0
"""Seconds after a group's end, in which a message that came in at its last second is surely stored."""

BATCH, MOVED = 200, 20
"""Messages in one transaction: few, because everybody else's mail waits for it."""

_STAYS = 7
"""Days: what is still needed when its group ends is looked at again after so long."""


class KeyGroups(Protocol):
    """The data keys that there are. Blocking."""

    def groups(self) -> Sequence[str]: ...

    def destroy(self, group: str) -> None:
        """Whatever was sealed in this group can never be opened again, by nobody."""
        ...


class SearchKeys(Protocol):
    """The keys by which messages are found (`ports.Blinder`), one for each month. Blocking."""

    def months(self) -> Sequence[int]: ...

    def destroy(self, month: int) -> None:
        """What old copies of the database hold of that month's terms can never be guessed at again."""
        ...


class Shelves(Protocol):
    """Stored content by the data key that seals it; each method is one short write transaction, or reads."""

    async def count(self, groups: Sequence[str], now: float) -> Sequence[GroupCount]: ...

    async def remove_due(self, group: str, now: float, limit: int, actor: str) -> Removed:
        """Delete content whose term has ended, that nobody waits for, and that no legal hold keeps; rows stay."""
        ...

    async def move(self, group: str, to: str, limit: int) -> int:
        """Seal what is left in `group` anew in `to`; how many messages were moved."""
        ...

    async def destroy_if_empty(self, group: str, keys: KeyGroups, actor: str) -> bool:
        """Destroy a data key that opens nothing any more; nobody can put anything there meanwhile."""
        ...

    async def destroy_search_key_if_unused(self, month: int, keys: SearchKeys, actor: str) -> bool:
        """Destroy a search key by which nothing is found any more."""
        ...


@dataclass(frozen=True, slots=True)
class Shredded:
    """What one round came to."""

    messages: int = 0
    moved: int = 0
    keys: tuple[str, ...] = ()
    search_keys: tuple[str, ...] = ()


class Shredder:
    """One process of an installation runs it; `every` in seconds, `pause` between two transactions."""

    def __init__(
        self,
        shelves: Shelves,
        keys: KeyGroups,
        search_keys: SearchKeys,
        spool: Spool,
        clock: Clock,
        *,
        every: float = 3600.0,
        pause: float = 0.05,
    ) -> None:
        self._shelves = shelves
        self._keys = keys
        self._search_keys = search_keys
        self._spool = spool
        self._clock = clock
        self._every = every
        self._pause = pause

    async def run(self) -> None:
        while True:
            try:
                done = await self.sweep()
                if done != Shredded():
                    log.info(
                        "event=content_ended messages=%d moved=%d keys=%d", done.messages, done.moved, len(done.keys)
                    )
            except Unavailable as error:
                log.warning('event=shredding_failed part="%s"', error.part)
            except Exception:
                log.exception("event=shredding_broke")
            await asyncio.sleep(self._every)

    async def sweep(
        self, actor: str = "wardmail", progress: Callable[[int, int], None] = lambda done, of: None
    ) -> Shredded:
        """One round over all data keys. May be cut off anywhere: the next one goes on from there."""
        groups = await asyncio.to_thread(self._keys.groups)
        messages, moved, keys = 0, 0, []
        for number, group in enumerate(groups, 1):
            messages += await self._remove_due(group, actor)
            if group_ends(group) + GRACE <= self._clock.now():
                moved += await self._move_rest(group)
                if await self._shelves.destroy_if_empty(group, self._keys, actor):
                    keys.append(group)
            progress(number, len(groups))
        return Shredded(messages, moved, tuple(keys), await self._destroy_search_keys(actor))

    async def _destroy_search_keys(self, actor: str) -> tuple[str, ...]:
        """After the months whose messages have no content any more, or never had any that could be found."""
        gone = []
        for month in await asyncio.to_thread(self._search_keys.months):
            is_over = month_ends(month) + GRACE <= self._clock.now()
            if is_over and await self._shelves.destroy_search_key_if_unused(month, self._search_keys, actor):
                gone.append(month_name(month))
        return tuple(gone)

    async def _remove_due(self, group: str, actor: str) -> int:
        total = 0
        while True:
            removed = await self._shelves.remove_due(group, self._clock.now(), BATCH, actor)
            # After the commit: a body that stays behind when we die here is an orphan, which the sweeper removes.
            for name in removed.spooled:
                await asyncio.to_thread(self._spool.remove, name)
            total += removed.messages
            if removed.messages < BATCH:
                return total
            await asyncio.sleep(self._pause)

    async def _move_rest(self, group: str) -> int:
        """What waits, or is under a legal hold, or has got a longer term, must not keep the others' key alive."""
        to, total = key_group(self._clock.now(), _STAYS), 0
        while moved := await self._shelves.move(group, to, MOVED):
            total += moved
            await asyncio.sleep(self._pause)
        return total
