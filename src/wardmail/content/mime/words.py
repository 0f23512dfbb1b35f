"""Turns octets of headers and texts into the letters that clients would show, as leniently as the laxest of them."""

from __future__ import annotations

import binascii
import codecs
import re

_WORD = re.compile(rb"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]{0,8000})\?=")
_BETWEEN = re.compile(rb"(\?=)[ \t\r\n]+(?==\?)")
_RISKY_CODECS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
_LONGEST = 32 * 1024


def shown(value: bytes) -> str:
    """A field value with encoded words undone, also where the standard allows none; controls stay as they are."""
    value = value[:_LONGEST]
    if b"=?" not in value:
        return decoded(value, "")
    pieces: list[str] = []
    pending, charset, position = b"", "", 0
    value = _BETWEEN.sub(rb"\1", value)
    for match in _WORD.finditer(value):
        name = match[1].decode("latin-1").lower()
        if match.start() > position or name != charset:
            pieces.append(decoded(pending, charset))
            pieces.append(decoded(value[position : match.start()], ""))
            pending, charset = b"", name
        pending += _octets(match[2], match[3])
        position = match.end()
    return "".join([*pieces, decoded(pending, charset), decoded(value[position:], "")])


def _octets(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(text, header=True)
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def decoded(octets: bytes, charset: str) -> str:
    """UTF-8 where nothing else is said, Latin-1 where it is not UTF-8; never raises."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        return octets.decode("utf-16", "replace")
    name = _codec(charset)
    if name:
        try:
            return octets.decode(name, "replace")
        except (LookupError, ValueError):
            pass
    try:
        return octets.decode("utf-8-sig")
    except ValueError:
        return octets.decode("cp1252", "replace")


def _codec(charset: str) -> str:
    if not charset or charset in {"utf-8", "us-ascii", "utf8"}:
        return ""
    try:
        found = codecs.lookup(charset)
    except (LookupError, ValueError):
        return ""
    # A private flag, but codecs such as "zlib" and "hex" must not be reachable from a header.
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name.replace("_", "-") not in _RISKY_CODECS else ""
