"""How the supervisor sees that a worker's event loop still turns: each writes the time into memory that both share."""

from __future__ import annotations

import asyncio
import mmap
import time
from collections.abc import Awaitable, Callable

_OCTETS = 8  # of a double
EVERY = 1.0


class Heartbeats:
    """Made before the fork. Times of time.monotonic, the same clock in all processes; 0 until a worker is ready."""

    def __init__(self, count: int) -> None:
        # A view of doubles stores one in a single step. struct.pack_into clears the place first, and so another process
        # could read a worker's time as 0.
        self._times = memoryview(mmap.mmap(-1, _OCTETS * count)).cast("d")
        self.count = count

    def beat(self, slot: int) -> None:
        self._times[slot] = time.monotonic()

    def forget(self, slot: int) -> None:
        """Its worker is gone: the next one is given time to begin."""
        self._times[slot] = 0.0

    def last(self, slot: int) -> float:
        return self._times[slot]

    def all_begun(self) -> bool:
        return all(self.last(slot) for slot in range(self.count))

    def silent(self, longer_than: float) -> list[int]:
        """Slots whose worker was ready once and has not been heard of for so many seconds."""
        now = time.monotonic()
        return [slot for slot in range(self.count) if 0.0 < self.last(slot) < now - longer_than]


def beating(beats: Heartbeats, slot: int) -> Callable[[object], Awaitable[None]]:
    """To be called in the event loop whose life it proves, when there is work to be done; goes on by itself."""

    async def begin(_: object) -> None:
        _beat(asyncio.get_running_loop())

    def _beat(loop: asyncio.AbstractEventLoop) -> None:
        beats.beat(slot)
        loop.call_later(EVERY, _beat, loop)

    return begin
