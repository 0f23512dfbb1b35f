"""Finds the delimiter lines of a multipart body (RFC 2046 5.1.1) and what stands before, between and after them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_DELIMITERS = 2000
MOST_ODD = 20
Span = tuple[int, int]

_REST = re.compile(rb"[^\r\n]*")
_FIELD_FOLLOWS = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)[ \t]*content-[a-z-]+[ \t]*:", re.IGNORECASE)


@dataclass(slots=True)
class Split:
    """`parts` end before the line break that belongs to the delimiter. `late` are parts after the closing delimiter.

    `odd` are offsets of lines that begin like a delimiter and go on otherwise, `by_bare_cr` says that a delimiter
    follows a lone carriage return.
    """

    preamble: Span
    epilogue: Span
    parts: list[Span] = field(default_factory=list)
    late: list[Span] = field(default_factory=list)
    odd: list[tuple[int, bytes]] = field(default_factory=list)
    closed: bool = False
    by_bare_cr: bool = False
    too_many: bool = False


def split_at(raw: bytes, start: int, stop: int, boundary: bytes) -> Split | None:
    """None when no delimiter line of this boundary is there."""
    lines, odd, bare_cr = _delimiters(raw, start, stop, boundary)
    if not lines:
        return None
    split = Split((start, _before(raw, start, lines[0][0])), (stop, stop), odd=odd, by_bare_cr=bare_cr)
    split.too_many = len(lines) >= MOST_DELIMITERS or len(odd) >= MOST_ODD
    for index, (_, after, closes) in enumerate(lines):
        is_last = index + 1 == len(lines)
        end = stop if is_last else _before(raw, after, lines[index + 1][0])
        if closes and not split.closed:
            split.closed = True
            split.epilogue = (after, end)
        elif not closes or not is_last:
            (split.late if split.closed else split.parts).append((after, end))
    return split


def _delimiters(
    raw: bytes, start: int, stop: int, boundary: bytes
) -> tuple[list[tuple[int, int, bool]], list[tuple[int, bytes]], bool]:
    delimiter = b"--" + boundary
    lines: list[tuple[int, int, bool]] = []
    odd: list[tuple[int, bytes]] = []
    bare_cr = False
    position = raw.find(delimiter, start, stop)
    while position >= 0 and len(lines) < MOST_DELIMITERS and len(odd) < MOST_ODD:
        after = position + len(delimiter)
        before = raw[position - 1] if position > start else 10
        if before in b"\r\n":
            bare_cr = bare_cr or before == 13
            rest_match = _REST.match(raw, after, stop)
            end = rest_match.end() if rest_match else after
            rest = raw[after:end].strip(b" \t\0\x0b\x0c")
            if rest in (b"", b"--"):
                lines.append((position, _after_break(raw, end, stop), bool(rest)))
            else:
                odd.append((position, raw[position + 2 : end].strip()))
            after = end
        position = raw.find(delimiter, after, stop)
    return lines, odd, bare_cr


def _before(raw: bytes, least: int, position: int) -> int:
    if position - 2 >= least and raw[position - 2 : position] == b"\r\n":
        return position - 2
    return max(least, position - 1) if position > least else position


def _after_break(raw: bytes, position: int, stop: int) -> int:
    if raw[position : position + 2] == b"\r\n":
        return min(position + 2, stop)
    return min(position + 1, stop)


def is_followed_by_field(raw: bytes, position: int, stop: int) -> bool:
    """A Content- field stands in the line after the one that begins at `position`."""
    return _FIELD_FOLLOWS.match(raw, position, stop) is not None


_GUESS = re.compile(rb"(?<![^\r\n])--([^\r\n]{1,200}?)[ \t]*(?:\r\n|\n|\r)[ \t]*content-[a-z-]+[ \t]*:", re.IGNORECASE)


def guessed_boundary(raw: bytes, start: int, stop: int) -> bytes:
    """The boundary that a client would guess where none is declared: of the first line that a Content- field follows."""
    match = _GUESS.search(raw, start, stop)
    return match[1] if match else b""
