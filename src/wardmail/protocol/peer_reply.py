"""Reads what a server says to us: replies of one or many lines, under budgets, with nothing guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wardmail.model.delivery import PeerReply

MAX_LINE = 2048
MAX_LINES = 128
MAX_TEXT = 512

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\r\n]{0,%d}))?\r\n" % (MAX_LINE - 4))
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: +|$)")


class ProtocolFault(Exception):
    """The peer does not speak SMTP (any more). Whatever was under way did not succeed."""


@dataclass(frozen=True, slots=True)
class ReplyLines:
    """One whole reply; `lines` are what follows the code, as received."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300

    def for_people(self) -> PeerReply:
        """The words as they were said, less control characters, cut at 512; `status` is "" if none was given."""
        words = [_printable(line) for line in self.lines]
        found = _STATUS.match(words[0])
        if found is None or found[1][0] != str(self.code)[0]:
            return PeerReply(self.code, "", " ".join(words).strip()[:MAX_TEXT])
        status = found[1]
        words = [word.removeprefix(status).lstrip() for word in words]
        return PeerReply(self.code, status, " ".join(words).strip()[:MAX_TEXT])


class ReplyReader:
    """Collects bytes and hands out whole replies; raises ProtocolFault on what RFC 5321 section 4.2 does not know."""

    __slots__ = ("_code", "_lines", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._code = b""
        self._lines: list[bytes] = []

    @property
    def is_empty(self) -> bool:
        """True when no byte of a further reply has arrived."""
        return not self._rest and not self._lines

    def feed(self, received: bytes) -> list[ReplyLines]:
        buffer = self._rest + received if self._rest else received
        replies: list[ReplyLines] = []
        position = 0
        while line := _LINE.match(buffer, position):
            position = line.end()
            self._add(*line.groups())
            if line[2] != b"-":
                replies.append(ReplyLines(int(self._code), tuple(self._lines)))
                self._lines.clear()
        self._rest = buffer[position:]
        if len(self._rest) > MAX_LINE:
            raise ProtocolFault(f"the server sent a reply line longer than {MAX_LINE} bytes")
        if b"\r\n" in self._rest:
            raise ProtocolFault("the server sent something that is not an SMTP reply")
        return replies

    def _add(self, code: bytes, separator: bytes | None, text: bytes | None) -> None:
        if self._lines and code != self._code:
            raise ProtocolFault("the server changed the reply code in the middle of a reply")
        if separator == b"-" and len(self._lines) + 1 >= MAX_LINES:
            raise ProtocolFault(f"the server sent a reply of more than {MAX_LINES} lines")
        self._code = code
        self._lines.append(text or b"")


def _printable(line: bytes) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("latin-1")
    return text if text.isprintable() else "".join(character for character in text if character.isprintable())
