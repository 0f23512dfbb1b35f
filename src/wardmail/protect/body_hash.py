"""Hashes the body of a whole message in each canonical form that its signatures ask for, once for each form."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wardmail.protect.canonical import relaxed_lines

_PIECE = 256 * 1024
_CRLF = b"\r\n"
_MANY_CRLF = _CRLF * 4096


@dataclass(frozen=True, slots=True)
class BodyHash:
    """`hashed` and `length` in octets of the canonical body; they differ where l= leaves some unsigned."""

    digest: bytes
    hashed: int
    length: int


class BodyHashes:
    """SHA-256 of one body. Say with `expect` what will be asked for, and it is all found out in one pass.

    `octets` is the whole message, in which the body begins at `start`: it is not copied.
    """

    def __init__(self, octets: bytes, start: int) -> None:
        self._octets = octets
        self._start = start
        self._limits: dict[bool, set[int]] = {True: set(), False: set()}
        self._known: dict[tuple[bool, int | None], BodyHash] = {}

    def expect(self, *, relaxed: bool, limit: int | None) -> None:
        if limit is not None:
            self._limits[relaxed].add(limit)

    def of(self, *, relaxed: bool, limit: int | None) -> BodyHash:
        """`limit` is the l= tag; a body shorter than it is hashed whole."""
        if (relaxed, limit) not in self._known:
            self.expect(relaxed=relaxed, limit=limit)
            self._find_out(relaxed)
        return self._known[relaxed, limit]

    def _find_out(self, relaxed: bool) -> None:
        pass_ = _Pass(sorted(self._limits[relaxed]))
        empty_lines = 0
        for piece in _pieces(self._octets, self._start):
            lines = relaxed_lines(piece) if relaxed else piece
            text, ends = _without_ends(lines)
            if text:
                pass_.add_lines(empty_lines)
                pass_.add(text)
                empty_lines = 0
            empty_lines += ends
        if pass_.length or not relaxed:
            # The end of the last line with text; a simple body without any is one CRLF (RFC 6376 3.4.3).
            pass_.add(_CRLF)
        for limit, found in pass_.finished().items():
            self._known[relaxed, limit] = found


def _pieces(octets: bytes, begin: int) -> Iterator[bytes]:
    """Whole lines, many at a time; a longer line in parts that end in text. A last line without an end gets one."""
    while begin < len(octets):
        end = octets.rfind(_CRLF, begin, begin + _PIECE) + 2
        if end < 2 and begin + _PIECE < len(octets):
            end = begin + len(octets[begin : begin + _PIECE].rstrip(b" \t\r"))
            end = end if end > begin else octets.find(_CRLF, begin + _PIECE - 1) + 2
        if end < 2:
            yield octets[begin:] + _CRLF
            return
        yield octets[begin:end]
        begin = end


class _Pass:
    """One pass over a canonical body: a running hash, and what it was where a limit was crossed."""

    def __init__(self, limits: list[int]) -> None:
        self._limits = limits
        self._hash = hashlib.sha256()
        self._at: dict[int | None, tuple[bytes, int]] = {}
        self.length = 0

    def add(self, octets: bytes) -> None:
        begin = 0
        while self._limits and self._limits[0] <= self.length + len(octets) - begin:
            limit = self._limits.pop(0)
            cut = begin + limit - self.length
            self._hash.update(octets[begin:cut])
            self._at[limit] = (self._hash.digest(), limit)
            self.length, begin = limit, cut
        self._hash.update(octets[begin:] if begin else octets)
        self.length += len(octets) - begin

    def add_lines(self, count: int) -> None:
        while count > 0:
            some = min(count, len(_MANY_CRLF) // 2)
            self.add(_MANY_CRLF[: some * 2])
            count -= some

    def finished(self) -> dict[int | None, BodyHash]:
        whole = (self._hash.digest(), self.length)
        at = self._at | {None: whole} | dict.fromkeys(self._limits, whole)
        return {limit: BodyHash(digest, hashed, self.length) for limit, (digest, hashed) in at.items()}


def _without_ends(lines: bytes) -> tuple[bytes, int]:
    """Lines without the CRLFs at their end, and how many those were: only what follows shows whether they count."""
    text = lines.rstrip(_CRLF)
    ends = len(lines) - len(text)
    if lines.count(_CRLF, len(text)) * 2 == ends:
        return text, ends // 2
    # A bare CR or LF stands among them, which is text.
    backwards = _ENDS(lines[len(text) :][::-1])
    ends = backwards.end() if backwards else 0
    return lines[: len(lines) - ends], ends // 2


_ENDS = re.compile(rb"(?:\n\r)*").match
