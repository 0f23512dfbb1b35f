"""The relaxed canonical forms of DKIM (RFC 6376 3.4.2, 3.4.4), made quickly: bytes are rewritten only where they must be."""

from __future__ import annotations

import hashlib

_BLANKS = b" \t\r\n"


def relaxed_field(name: bytes, raw: bytes) -> bytes:
    """`name` in lower case, `raw` the whole field as it stands in the message; the result ends in CRLF."""
    value = raw[raw.index(b":") + 1 :]
    return b"%b:%b\r\n" % (name, _single_spaced(value.replace(b"\r\n", b"")).strip(b" "))


def _single_spaced(octets: bytes) -> bytes:
    if b"\t" in octets:
        octets = octets.replace(b"\t", b" ")
    while b"  " in octets:
        octets = octets.replace(b"  ", b" ")
    return octets


def relaxed_lines(octets: bytes) -> bytes:
    """Whole lines, each ended by CRLF."""
    octets = _single_spaced(octets)
    return octets.replace(b" \r\n", b"\r\n") if b" \r\n" in octets else octets


class RelaxedBodyHash:
    """SHA-256 over the relaxed form of a body that arrives in pieces, however they are cut.

    A missing last CRLF is supplied, as any SMTP transfer would.
    """

    __slots__ = ("_begun", "_hash", "_held")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._held: list[bytes] = []
        self._begun = False

    def update(self, chunk: bytes) -> None:
        """Blanks and line ends at the end of a chunk wait: what follows decides whether they count."""
        filled = len(chunk.rstrip(_BLANKS))
        if not filled:
            if chunk:
                self._held.append(chunk)
            return
        ready = chunk if filled == len(chunk) else chunk[:filled]
        if self._held:
            ready = b"".join((*self._held, ready))
        self._held = [chunk[filled:]] if filled < len(chunk) else []
        self._hash.update(relaxed_lines(ready))
        self._begun = True

    def digest(self) -> bytes:
        """Call once, after the last `update`."""
        tail = b"".join(self._held)
        if not tail.endswith(b"\r\n"):
            tail += b"\r\n"
        tail = _without_empty_lines(relaxed_lines(tail))
        if self._begun or tail:
            self._hash.update(tail + b"\r\n")
        return self._hash.digest()


def _without_empty_lines(tail: bytes) -> bytes:
    if tail.count(b"\r\n") * 2 == len(tail):
        return b""
    end = len(tail)
    while tail.endswith(b"\r\n", 0, end):
        end -= 2
    return tail[:end]
