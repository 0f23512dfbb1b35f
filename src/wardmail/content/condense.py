"""Shortens a long raw body for reading: the beginning of every part stays, the bulk of attachments goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_DELIMITER = b"\r\n--"


@dataclass(frozen=True, slots=True)
class ReadingBudget:
    """In octets: bodies up to `whole` are read whole; of longer ones `part` from each part, `total` from all of them."""

    whole: int = 1024 * 1024
    part: int = 128 * 1024
    total: int = 4 * 1024 * 1024
    parts: int = 200
    depth: int = 10


@dataclass(frozen=True, slots=True)
class Condensed:
    """`part_limit` is set when parts may have been cut to it; `ended_early` when what followed was never looked at."""

    raw: bytes
    part_limit: int | None = None
    ended_early: bool = False


def condense(body: Iterable[bytes], budget: ReadingBudget) -> Condensed:
    """Any line that begins with `--` counts as the beginning of a part: too many cost room, too few cannot happen."""
    chunks = iter(body)
    kept: list[bytes] = []
    size = 0
    for chunk in chunks:
        kept.append(chunk)
        size += len(chunk)
        if size > budget.whole:
            break
    else:
        return Condensed(kept[0] if len(kept) == 1 else b"".join(kept))
    pieces = _Pieces(budget)
    pieces.add(b"".join(kept))
    for chunk in chunks:
        if pieces.total > budget.total:
            return Condensed(b"".join(pieces.kept), budget.part, ended_early=True)
        pieces.add(chunk)
    pieces.finish()
    return Condensed(b"".join(pieces.kept), budget.part)


class _Pieces:
    def __init__(self, budget: ReadingBudget) -> None:
        self.kept: list[bytes] = []
        self.total = 0
        self._limit = budget.part
        self._room = budget.part
        self._tail = b""

    def add(self, chunk: bytes) -> None:
        octets = self._tail + chunk
        start = 0
        found = octets.find(_DELIMITER)
        while found >= 0:
            self._keep(octets, start, found)
            self._room = self._limit
            start = found
            found = octets.find(_DELIMITER, found + len(_DELIMITER))
        # A delimiter may be cut by the end of the chunk, and one that was just found must not be found again.
        end = max(len(octets) - len(_DELIMITER) + 1, start)
        if octets.startswith(_DELIMITER, start):
            end = max(end, min(start + len(_DELIMITER), len(octets)))
        self._keep(octets, start, end)
        self._tail = octets[end:]

    def finish(self) -> None:
        self._keep(self._tail, 0, len(self._tail))

    def _keep(self, octets: bytes, start: int, end: int) -> None:
        piece = octets[start : min(end, start + self._room)]
        self._room -= len(piece)
        self.total += len(piece)
        self.kept.append(piece)
