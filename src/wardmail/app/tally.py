"""Counters that all workers share: memory made before the fork, in which each writes its own part and anybody adds up."""

from __future__ import annotations

import mmap
import struct
import threading
from collections.abc import Iterator, Mapping

_ROOM = 512 * 1024
"""Octets for each worker: some eight thousand counters. Pages that nobody writes cost no memory."""

_USED = struct.Struct("<Q")
_LENGTH = struct.Struct("<Q")
_VALUE = struct.Struct("<d")
_SEPARATOR = "\x1f"

Series = tuple[str, ...]
"""The name of a counter, then the values of its labels."""

DROPPED: Series = ("wardmail_metrics_dropped_total",)


class Tally:
    """Made before the fork. A worker that takes a dead one's place goes on with its numbers: they never fall."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, _ROOM * workers)
        self._workers = workers

    def of(self, slot: int) -> Counts:
        return Counts(self._memory, slot * _ROOM)

    def totals(self) -> Mapping[Series, float]:
        """Over all workers."""
        found: dict[Series, float] = {}
        for slot in range(self._workers):
            for series, place in _entries(self._memory, slot * _ROOM):
                value: float = _VALUE.unpack_from(self._memory, place)[0]
                found[series] = found.get(series, 0.0) + value
        return found


class Counts:
    """One worker's part, which only that process writes. Safe for threads; counting costs less than a microsecond."""

    def __init__(self, memory: mmap.mmap, start: int) -> None:
        self._memory = memory
        self._start = start
        self._lock = threading.Lock()
        self._places = dict(_entries(memory, start))
        if DROPPED not in self._places:
            self._add(DROPPED)

    def count(self, series: Series, amount: float = 1.0) -> None:
        with self._lock:
            place = self._places.get(series)
            if place is None:
                place = self._add(series)
            _VALUE.pack_into(self._memory, place, _VALUE.unpack_from(self._memory, place)[0] + amount)

    def _add(self, series: Series) -> int:
        """The entry is whole before it is told of: a reader may come at any moment."""
        name = _SEPARATOR.join(series).encode()
        name += b"\0" * (-len(name) % 8)
        used = _used(self._memory, self._start)
        if used + _LENGTH.size + len(name) + _VALUE.size > _ROOM:
            return self._places[DROPPED]
        at = self._start + used
        _LENGTH.pack_into(self._memory, at, len(name))
        self._memory[at + _LENGTH.size : at + _LENGTH.size + len(name)] = name
        place = at + _LENGTH.size + len(name)
        _VALUE.pack_into(self._memory, place, 0.0)
        _USED.pack_into(self._memory, self._start, used + _LENGTH.size + len(name) + _VALUE.size)
        self._places[series] = place
        return place


def _used(memory: mmap.mmap, start: int) -> int:
    used: int = _USED.unpack_from(memory, start)[0]
    return used or _USED.size


def _entries(memory: mmap.mmap, start: int) -> Iterator[tuple[Series, int]]:
    at, end = start + _USED.size, start + _used(memory, start)
    while at < end:
        (length,) = _LENGTH.unpack_from(memory, at)
        name = memory[at + _LENGTH.size : at + _LENGTH.size + length].decode().rstrip("\0")
        place = at + _LENGTH.size + length
        yield tuple(name.split(_SEPARATOR)), place
        at = place + _VALUE.size
