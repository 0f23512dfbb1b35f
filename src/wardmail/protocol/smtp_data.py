"""Takes a message out of the byte stream, by DATA or by BDAT, and checks it as it passes."""

from __future__ import annotations

from enum import IntEnum

from wardmail.protocol.reply import Reply
from wardmail.protocol.smtp_phases import Phase

_STUFFED = b"\r\n."
_END = b"\r\n.\r\n"
_LONGEST_LINE = 1000  # RFC 5321 section 4.5.3.1.6, with its CRLF


class Flaw(IntEnum):
    """What can be wrong with a message; of several the highest is told, so that it does not matter how it was cut."""

    NONE = 0
    TOO_LARGE = 1
    LONG_LINE = 2
    NUL = 3
    BARE_LINE_END = 4


_WORDS = {
    Flaw.TOO_LARGE: Reply(552, "5.3.4", "The message is larger than this server takes"),
    Flaw.LONG_LINE: Reply(554, "5.6.0", "The message holds a line longer than 998 octets"),
    Flaw.NUL: Reply(554, "5.6.0", "The message holds a NUL"),
    Flaw.BARE_LINE_END: Reply(550, "5.6.11", "The message holds a CR or LF that is not part of a CRLF"),
}


class BodyCheck:
    """What is known of a message so far. `limit` and `size` in octets."""

    __slots__ = ("_limit", "_line", "eight_bit", "flaw", "size")

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.eight_bit = False
        self.flaw = Flaw.NONE
        self._line = 0
        self._limit = limit

    def admit(self, chunk: bytes) -> bool:
        """Look at the next octets: is all well so far?

        `chunk` ends in CR only where no LF can follow: the intakes below see to that.
        """
        self.size += len(chunk)
        if not self.eight_bit and not chunk.isascii():
            self.eight_bit = True
        flaw = self.flaw
        content = b"".join(chunk.split(b"\r\n"))  # measured: half the cost of counting CRLF, CR and LF
        if b"\n" in content or b"\r" in content:
            flaw = Flaw.BARE_LINE_END
        elif b"\0" in content:
            flaw = max(flaw, Flaw.NUL)
        if flaw < Flaw.LONG_LINE and self._has_long_line(chunk):
            flaw = Flaw.LONG_LINE
        self.flaw = flaw or (Flaw.TOO_LARGE if self.size > self._limit else Flaw.NONE)
        return self.flaw is Flaw.NONE

    @property
    def fault(self) -> Reply | None:
        return _WORDS.get(self.flaw)

    @property
    def has_exhausted_patience(self) -> bool:
        """A message that is refused already is swallowed only so far."""
        return self.size > 2 * self._limit

    @property
    def ends_in_mid_line(self) -> bool:
        return self._line > 0

    def _has_long_line(self, chunk: bytes) -> bool:
        """Hop from the last line end within reach to the next: one search per 1000 octets, whatever the lines."""
        start, size = -self._line, len(chunk)
        while size - start >= _LONGEST_LINE:
            line_end = chunk.rfind(b"\n", max(start, 0), start + _LONGEST_LINE)
            if line_end < 0:
                return True
            start = line_end + 1
        last = chunk.rfind(b"\n", max(start, 0))
        self._line = size - (last + 1 if last >= 0 else start)
        return False


class DotIntake:
    """DATA: everything up to CRLF.CRLF, and nothing else ends it."""

    __slots__ = ("_skip", "check")

    is_last = True
    start_with = b"\r\n"  # the first CRLF of the end mark may be the one that ended the DATA line

    def __init__(self, limit: int) -> None:
        self.check = BodyCheck(limit)
        self._skip = len(self.start_with)

    def read(self, buffer: bytes) -> tuple[bytes, bytes, bool]:
        """The next sound octets of the message, what is left of the buffer, and whether the message has ended."""
        first = buffer.find(_STUFFED)
        end = buffer.find(_END, first) if first >= 0 else -1
        if end >= 0:
            chunk, rest = buffer[: end + 2], buffer[end + 5 :]
        else:
            kept = len(buffer) - _length_of_possible_end(buffer)
            chunk, rest = buffer[:kept], buffer[kept:]
        if first != end:
            chunk = chunk.replace(_STUFFED, b"\r\n")
        if self._skip and chunk:
            chunk, self._skip = chunk[self._skip :], 0
        if not chunk or not self.check.admit(chunk):
            chunk = b""
        return chunk, rest, end >= 0


class ChunkIntake:
    """BDAT: exactly as many octets as were announced (RFC 3030). One intake takes all the chunks of a message."""

    __slots__ = ("_held", "check", "is_last", "remaining")

    def __init__(self, limit: int) -> None:
        self.check = BodyCheck(limit)
        self.remaining = 0
        self.is_last = False
        self._held = b""

    def begin_chunk(self, size: int, *, is_last: bool) -> None:
        self.remaining = size
        self.is_last = is_last

    def read(self, buffer: bytes) -> tuple[bytes, bytes, bool]:
        """As DotIntake.read, for one chunk. A CR at its end is kept back until the next octet shows what it is."""
        taken, rest = buffer[: self.remaining], buffer[self.remaining :]
        self.remaining -= len(taken)
        ended = self.remaining == 0
        chunk, self._held = self._held + taken, b""
        if chunk.endswith(b"\r") and not (ended and self.is_last):
            chunk, self._held = chunk[:-1], b"\r"
        is_sound = self.check.admit(chunk)
        if is_sound and ended and self.is_last and self.check.ends_in_mid_line:
            self.check.size += 2
            chunk += b"\r\n"  # DATA could not have carried it otherwise, and the next hop may only know DATA
        return chunk if is_sound else b"", rest, ended


class UnwantedChunk(ChunkIntake):
    """A refused BDAT: its octets come all the same, are thrown away, and only then answered (RFC 3030 section 4)."""

    __slots__ = ("next_phase", "reply")

    def __init__(self, size: int, limit: int, reply: Reply, next_phase: Phase) -> None:
        super().__init__(limit)
        self.begin_chunk(size, is_last=False)
        self.reply = reply
        self.next_phase = next_phase

    def read(self, buffer: bytes) -> tuple[bytes, bytes, bool]:
        _, rest, has_ended = super().read(buffer)
        return b"", rest, has_ended


def _length_of_possible_end(buffer: bytes) -> int:
    for length in (4, 3, 2, 1):
        if buffer.endswith(_END[:length]):
            return length
    return 0
