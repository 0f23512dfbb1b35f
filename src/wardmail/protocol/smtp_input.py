"""The octets that a client has sent and the server has not read yet: taken out as lines, or as parts of a message."""

from __future__ import annotations

from wardmail.protocol.reply import Reply
from wardmail.protocol.smtp_commands import AUTH_LINE_LIMIT
from wardmail.protocol.smtp_data import ChunkIntake, DotIntake
from wardmail.protocol.smtp_events import ProtocolFault

_NOT_TEXT = ProtocolFault(Reply(500, "5.5.2", "A command is printable ASCII or UTF-8"))
_OUT_OF_STEP = ProtocolFault(Reply(500, "5.5.2", "A command is a line of text that ends in CRLF"), closes=True)
_ENDLESS = ProtocolFault(Reply(500, "5.5.2", "Line too long"), closes=True)


class InputBuffer:
    """Grows by `feed`; a line or a part of a message that has been read is gone."""

    __slots__ = ("_octets", "_position", "line_length")

    def __init__(self) -> None:
        self.line_length = 0
        """Octets of the last line, with its CRLF."""
        self._octets = b""
        self._position = 0

    def __len__(self) -> int:
        return len(self._octets) - self._position

    def feed(self, octets: bytes) -> None:
        self._cut()
        self._octets = self._octets + octets if self._octets else octets

    def drop(self) -> None:
        self._octets = b""
        self._position = 0

    def next_line(self) -> str | ProtocolFault | None:
        """One line without its CRLF; None while it is incomplete and can still become one."""
        start = self._position
        end = self._octets.find(b"\r\n", start)
        if end < 0:
            return self._judge_unfinished_line()
        self._position = end + 2
        self.line_length = end + 2 - start
        if self.line_length > AUTH_LINE_LIMIT:
            return _ENDLESS
        return _read_text(self._octets[start:end])

    def begin_body(self, intake: DotIntake) -> None:
        """The client waited before it sent the message, so nothing of it can be here yet."""
        self._octets = intake.start_with
        self._position = 0

    def read_body(self, intake: DotIntake | ChunkIntake) -> tuple[bytes, bool]:
        """The next sound octets of a message, and whether it (with BDAT: the chunk) has ended."""
        self._cut()
        chunk, self._octets, has_ended = intake.read(self._octets)
        return chunk, has_ended

    def _judge_unfinished_line(self) -> ProtocolFault | None:
        self._cut()
        if len(self._octets) > AUTH_LINE_LIMIT:
            return _ENDLESS
        return _OUT_OF_STEP if _is_out_of_step(self._octets.removesuffix(b"\r")) else None

    def _cut(self) -> None:
        if self._position:
            self._octets = self._octets[self._position :]
            self._position = 0


def _read_text(line: bytes) -> str | ProtocolFault:
    """A line as text, if it is nothing but text."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = "\0"
    if text.isprintable():
        return text
    return _OUT_OF_STEP if _is_out_of_step(line) else _NOT_TEXT


def _is_out_of_step(line: bytes) -> bool:
    """Octets after which nobody knows where the next command begins: stray line ends, NUL, a TLS handshake."""
    return b"\r" in line or b"\n" in line or b"\0" in line or line[:2] == b"\x16\x03"
