"""Strings of PDF: in parentheses with escapes, or in hexadecimal digits (ISO 32000-2 7.3.4)."""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|.))", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}
STRING = rb"\(((?:[^()\\]++|\\.|\((?:[^()\\]++|\\.)*+\))*+)\)|<([0-9A-Fa-f\s]*+)>"
"""Two groups: what stands in parentheses, or the digits. Parentheses within are followed one level deep."""


def octets_of(literal: bytes | None, digits: bytes | None) -> bytes:
    """From the two groups of `STRING`."""
    if literal is not None:
        return _ESCAPE.sub(_octet, literal)
    plain = re.sub(rb"\s", b"", digits or b"")
    return bytes.fromhex((plain + b"0" * (len(plain) % 2)).decode("ascii"))


def escaped(octets: bytes) -> bytes:
    """As a string in parentheses."""
    return b"(" + re.sub(rb"([\\()])", rb"\\\1", octets) + b")"


def text_of(octets: bytes) -> str:
    """In UTF-16 or UTF-8 where it says so (ISO 32000-2 7.9.2.2)."""
    if octets.startswith(b"\xfe\xff"):
        return octets[2:].decode("utf-16-be", "replace")
    if octets.startswith(b"\xef\xbb\xbf"):
        return octets[3:].decode("utf-8", "replace")
    return octets.decode("latin-1")


def _octet(escape: re.Match[bytes]) -> bytes:
    if escape[1]:
        return bytes([int(escape[1], 8) & 0xFF])
    return _CONTROLS.get(escape[2], escape[2])
