"""Splits a header off a message or part as it came, however it was written, and says what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

LARGEST_HEAD = 256 * 1024
MOST_FIELDS = 1000

# Possessive and bounded by line ends: linear on any input.
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
_NAME = re.compile(rb"([!-9;-~]+)([ \t]*):")
_CONTENT = re.compile(rb"^[ \t]*content-[a-z-]+[ \t]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """`value` is unfolded and may hold any octet; `spaced` says that blanks stand before the colon."""

    name: str
    value: bytes
    spaced: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """`body_at` is the offset of the first octet of the body, `or_at` where other programs see it; `faults` are finding IDs."""

    fields: tuple[Field, ...]
    body_at: int
    faults: tuple[str, ...] = ()
    or_at: int | None = None

    def all(self, name: str) -> list[bytes]:
        return [field.value for field in self.fields if field.name == name]

    def first(self, name: str) -> bytes:
        return next((field.value for field in self.fields if field.name == name), b"")


def read_head(raw: bytes, start: int, stop: int) -> Head:
    """The fields from `start` to the blank line, or to the line with which a careless writer began the body."""
    reader = _HeadReader(raw, start, stop)
    reader.read()
    fields = tuple(reader.finished())
    other = min((at for at in (reader.junk_at, reader.blank_at) if at >= 0), default=None)
    return Head(fields, min(reader.body_at, stop), tuple(reader.faults), other if other != reader.body_at else None)


class _HeadReader:
    def __init__(self, raw: bytes, start: int, stop: int) -> None:
        self.raw, self.start = raw, start
        self.limit = min(stop, start + LARGEST_HEAD)
        self.stop = stop
        self.body_at = stop
        self.faults: dict[str, None] = {}
        self.lines: list[list[bytes]] = []
        self.names: list[tuple[str, bool]] = []
        self.junk_at = -1
        self.blank_at = -1

    def read(self) -> None:
        position = self.start
        while position < self.limit:
            match = _LINE.match(self.raw, position, self.limit)
            if match is None:
                break
            line, ending = match[1], match[2]
            if ending == b"\r" and match.end() < self.stop:
                self.faults["mime-bare-cr"] = None
            if not line:
                self.body_at = match.end()
                return
            if not self._take(line, position):
                self.body_at = position
                return
            position = match.end()
        if position < self.stop:
            self.faults["mime-header-overlong"] = None
            self.body_at = position
        self._end_without_blank_line()

    def _take(self, line: bytes, position: int) -> bool:
        """False when the line belongs to the body."""
        if line[0] in b" \t" and self.names:
            self._continue(line, position)
            return True
        match = _NAME.match(line)
        if match is not None:
            self._begin(match, line)
            if len(self.names) <= MOST_FIELDS:
                return True
            self.faults["mime-header-overlong"] = None
            return False
        if position == self.start and line.startswith((b"From ", b">From ")):
            return True
        return self._junk(line, position)

    def _begin(self, match: re.Match[bytes], line: bytes) -> None:
        name = match[1].lower().decode("ascii")
        if name.startswith("content-") and (match[2] or self.junk_at >= 0 or self.blank_at >= 0):
            self.faults["mime-header-ambiguous"] = None
        self.names.append((name, bool(match[2])))
        self.lines.append([line[match.end() :]])

    def _continue(self, line: bytes, position: int) -> None:
        if not line.strip(b" \t"):
            self.blank_at = position if self.blank_at < 0 else self.blank_at
        elif _CONTENT.match(line) and self.blank_at >= 0:
            self.faults["mime-header-ambiguous"] = None
        self.lines[-1].append(line)

    def _junk(self, line: bytes, position: int) -> bool:
        """Some programs skip a line that is no field, others begin the body there; a delimiter always begins it."""
        if not line.strip(b" \t") and not self.names:
            self.blank_at = position if self.blank_at < 0 else self.blank_at
            return True
        if line.startswith(b"--") or not self.names:
            return False
        if self.junk_at < 0:
            self.junk_at = position
        return True

    def _end_without_blank_line(self) -> None:
        """There was no blank line: the body begins with the first line that was no field."""
        if self.junk_at >= 0:
            self.body_at = self.junk_at

    def finished(self) -> list[Field]:
        fields = []
        for (name, spaced), lines in zip(self.names, self.lines, strict=True):
            value = b"".join(lines).strip(b" \t")
            if b"\0" in value and name.startswith("content-"):
                self.faults["mime-header-nul"] = None
            fields.append(Field(name, value, spaced))
        return fields
