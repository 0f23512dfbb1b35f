"""Counters that all workers share: memory made before the fork, in which each writes its own part and anybody adds up."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator, Mapping

_ROOM = 512 * 1024
"""Octets for each worker: some eight thousand counters. Pages that nobody writes cost no memory."""

_WORD = 8
"""Octets. Every entry is whole words: how long its name is, the name, the value."""

_SEPARATOR = "\x1f"

Series = tuple[str, ...]
"""The name of a counter, then the values of its labels."""

DROPPED: Series = ("wardmail_metrics_dropped_total",)


class _Memory:
    """What the processes share. Views store a word in a single step; struct.pack_into clears the place first, and so a
    reader could see a counter fall to 0.
    """

    def __init__(self, octets: int) -> None:
        self.octets = memoryview(mmap.mmap(-1, octets))
        self.words = self.octets.cast("Q")
        self.values = self.octets.cast("d")

    def used(self, start: int) -> int:
        return self.words[start] or 1

    def entries(self, start: int) -> Iterator[tuple[Series, int]]:
        at, end = start + 1, start + self.used(start)
        while at < end:
            place = at + 1 + self.words[at]
            name = bytes(self.octets[(at + 1) * _WORD : place * _WORD]).decode().rstrip("\0")
            yield tuple(name.split(_SEPARATOR)), place
            at = place + 1


class Tally:
    """Made before the fork. A worker that takes a dead one's place goes on with its numbers: they never fall."""

    def __init__(self, workers: int) -> None:
        self._memory = _Memory(_ROOM * workers)
        self._workers = workers

    def of(self, slot: int) -> Counts:
        return Counts(self._memory, slot * _ROOM // _WORD)

    def totals(self) -> Mapping[Series, float]:
        """Over all workers."""
        found: dict[Series, float] = {}
        for slot in range(self._workers):
            for series, place in self._memory.entries(slot * _ROOM // _WORD):
                found[series] = found.get(series, 0.0) + self._memory.values[place]
        return found


class Counts:
    """One worker's part, which only that process writes. Safe for threads; counting costs less than a microsecond."""

    def __init__(self, memory: _Memory, start: int) -> None:
        self._memory = memory
        self._start = start
        self._lock = threading.Lock()
        self._places = dict(memory.entries(start))
        if DROPPED not in self._places:
            self._add(DROPPED)

    def count(self, series: Series, amount: float = 1.0) -> None:
        with self._lock:
            place = self._places.get(series)
            if place is None:
                place = self._add(series)
            self._memory.values[place] += amount

    def _add(self, series: Series) -> int:
        """The entry is whole before it is told of: a reader may come at any moment."""
        memory, name = self._memory, _SEPARATOR.join(series).encode()
        name += b"\0" * (-len(name) % _WORD)
        length, used = len(name) // _WORD, memory.used(self._start)
        if (used + length + 2) * _WORD > _ROOM:
            return self._places[DROPPED]
        at = self._start + used
        place = at + 1 + length
        memory.words[at] = length
        memory.octets[(at + 1) * _WORD : place * _WORD] = name
        memory.values[place] = 0.0
        memory.words[self._start] = used + length + 2
        self._places[series] = place
        return place
