"""Decodes RFC 2047 encoded words for reading only: never raises, never reads more than its budget."""

from __future__ import annotations

import binascii
import codecs
import re

_WORD = re.compile(rb"=\?([A-Za-z0-9_.:-]{1,40})(?:\*[A-Za-z0-9-]{0,40})?\?([bBqQ])\?([^?\s]*)\?=")
_RISKY_CODECS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
"""Codecs that are slow, stateful or mean code points that nobody wrote."""


def decode_text(value: bytes, limit: int = 16 * 1024) -> str:
    """An unfolded field value as people would read it; what cannot be decoded shows replacement characters.

    `limit` is in octets of `value`; the rest is not read. Control characters become blanks.
    """
    value = value[:limit]
    if b"=?" not in value:
        return _readable(value.decode("utf-8", "replace"))
    pieces: list[str] = []
    pending, charset, position = b"", "", 0
    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        # RFC 2047 6.2 drops the blank between two words; joined octets mend letters that were cut between words.
        adjacent = position > 0 and not between.strip(b" \t")
        word_charset = match[1].decode("ascii").lower()
        if not adjacent or word_charset != charset:
            pieces.append(_decoded(pending, charset))
            pending, charset = b"", word_charset
        if not adjacent:
            pieces.append(between.decode("utf-8", "replace"))
        pending += _octets(match[2], match[3])
        position = match.end()
    pieces.append(_decoded(pending, charset))
    pieces.append(value[position:].decode("utf-8", "replace"))
    return _readable("".join(pieces))


def _octets(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(text, header=True)
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b"\xef\xbf\xbd"


def _decoded(octets: bytes, charset: str) -> str:
    if not octets:
        return ""
    try:
        name = codecs.lookup(charset).name
        return octets.decode("utf-8" if name.replace("_", "-") in _RISKY_CODECS else name, "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")


def _readable(text: str) -> str:
    return text.translate(_CONTROLS_TO_BLANKS).strip()


_CONTROLS_TO_BLANKS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
