"""How the supervisor sees that a worker's event loop still turns: each writes the time into memory that both share."""

from __future__ import annotations

import asyncio
import mmap
import struct
import time
from collections.abc import Awaitable, Callable

_TIME = struct.Struct("d")
EVERY = 1.0


class Heartbeats:
    """Made before the fork. Times of time.monotonic, the same clock in all processes; 0 until a worker is ready."""

    def __init__(self, count: int) -> None:
        self._memory = mmap.mmap(-1, _TIME.size * count)
        self.count = count

    def beat(self, slot: int) -> None:
        _TIME.pack_into(self._memory, slot * _TIME.size, time.monotonic())

    def forget(self, slot: int) -> None:
        """Its worker is gone: the next one is given time to begin."""
        _TIME.pack_into(self._memory, slot * _TIME.size, 0.0)

    def last(self, slot: int) -> float:
        value: float = _TIME.unpack_from(self._memory, slot * _TIME.size)[0]
        return value

    def all_begun(self) -> bool:
        return all(self.last(slot) for slot in range(self.count))

    def silent(self, longer_than: float) -> list[int]:
        """Slots whose worker was ready once and has not been heard of for so many seconds."""
        now = time.monotonic()
        return [slot for slot in range(self.count) if self.last(slot) and now - self.last(slot) > longer_than]


def beating(beats: Heartbeats, slot: int) -> Callable[[object], Awaitable[None]]:
    """To be called in the event loop whose life it proves, when there is work to be done; goes on by itself."""

    async def begin(_: object) -> None:
        _beat(asyncio.get_running_loop())

    def _beat(loop: asyncio.AbstractEventLoop) -> None:
        beats.beat(slot)
        loop.call_later(EVERY, _beat, loop)

    return begin
