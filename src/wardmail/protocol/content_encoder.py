"""Turns a message into what follows DATA: strict CRLF, stuffed dots, and exactly one end (RFC 5321 section 4.5.2)."""

from __future__ import annotations


class BareNewline(Exception):
    """The message holds a CR or LF alone: one server could see an end of data where another sees none."""


class ContentEncoder:
    """Feed the message in chunks of any size, then `finish`. Raises BareNewline; the bytes so far must not be ended."""

    __slots__ = ("_at_line_start", "_held_cr")

    def __init__(self) -> None:
        self._at_line_start = True
        self._held_cr = False

    def encode(self, chunk: bytes) -> bytes:
        if self._held_cr:
            chunk = b"\r" + chunk
        self._held_cr = chunk.endswith(b"\r")
        if self._held_cr:
            chunk = chunk[:-1]
        if not chunk:
            return b""
        lines = chunk.count(b"\n")
        if lines != chunk.count(b"\r") or lines != chunk.count(b"\r\n"):
            raise BareNewline
        stuffed = chunk.replace(b"\r\n.", b"\r\n..") if b"\r\n." in chunk else chunk
        if self._at_line_start and chunk.startswith(b"."):
            stuffed = b"." + stuffed
        self._at_line_start = chunk.endswith(b"\r\n")
        return stuffed

    def finish(self) -> bytes:
        """The end of data; a last line without CRLF gets one first."""
        if self._held_cr:
            raise BareNewline
        return b".\r\n" if self._at_line_start else b"\r\n.\r\n"
