"""Undoes transfer encodings, malformed ones too, and says where programs would get different octets (RFC 2045 6)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET) - set(b"="))
_BLANKS = b" \t\r\n\0\x0b\x0c"
_LOOKS_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{60,}={0,2}\s*")
_BAD_QP = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*[\r\n]|[ \t]*\Z)")

IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
UU_NAMES = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


@dataclass(frozen=True, slots=True)
class Decoded:
    """`other` holds the octets that another program would get, where they differ."""

    octets: bytes
    faults: tuple[str, ...] = ()
    other: bytes | None = None


def encoding_name(value: bytes) -> tuple[str, bool]:
    """The encoding that is meant, and whether it is written as the standard says."""
    plain = value.strip().lower().decode("latin-1")
    if plain in IDENTITY or plain in UU_NAMES or plain in {"base64", "quoted-printable", "x-yenc"}:
        return plain, True
    word = re.sub(r"\([^()]*\)", "", plain).strip().strip("\"';,. \t\0").replace("_", "-")
    if word in IDENTITY or word in {"7-bit", "8-bit", "8bits", "7bits"}:
        return "7bit", True
    for meant, hint in (("base64", "64"), ("quoted-printable", "quoted"), ("x-uuencode", "uu")):
        if hint in word:
            return meant, False
    return word, False


def looks_like_base64(raw: bytes) -> bool:
    sample = raw[:4000].strip()
    return len(sample) > 60 and _LOOKS_BASE64.fullmatch(sample) is not None


def from_base64(raw: bytes) -> Decoded:
    """Letters that are none are passed over (RFC 2045 6.8); padding inside ends it for some programs and not for others."""
    try:
        if b"-" not in raw and b"_" not in raw:
            stripped = raw.translate(None, _BLANKS)
            return Decoded(binascii.a2b_base64(stripped, strict_mode=True))
    except binascii.Error:
        pass
    letters = raw.translate(None, _NOT_BASE64)
    faults = [] if not raw.translate(None, _ALPHABET + b"=" + _BLANKS) else ["mime-base64-junk"]
    segments = re.split(rb"=+", letters.rstrip(b"="))  # the first is empty when padding comes before all letters
    if len(segments) == 1:
        return Decoded(_segment(segments[0]), tuple(faults))
    if len(segments) > 10_000:
        return Decoded(_segment(b"".join(segments)), (*faults, "mime-base64-ambiguous"))
    continued = b"".join([_segment(segment) for segment in segments])
    return Decoded(continued, (*faults, "mime-base64-ambiguous"), other=_segment(segments[0]))


def _segment(letters: bytes) -> bytes:
    surplus = len(letters) % 4
    if surplus == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)) if letters else b""


def from_quoted_printable(raw: bytes) -> Decoded:
    faults = ("mime-qp-malformed",) if _BAD_QP.search(raw) else ()
    return Decoded(binascii.a2b_qp(raw), faults)


_UU_BEGIN = re.compile(rb"^begin(?:-base64)?[ \t]+[0-7]{3,4}[ \t]+([^\r\n]{1,300})\r?\n", re.MULTILINE)
_YENC_BEGIN = re.compile(rb"^=ybegin [^\r\n]*?name=([^\r\n]{1,300})\r?\n", re.MULTILINE)


def uuencoded_in(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and octets of files that stand in a text as uuencode, as Outlook shows them. The caller counts them."""
    position = 0
    while match := _UU_BEGIN.search(text, position):
        if match[0].startswith(b"begin-base64"):
            end = text.find(b"\n====", match.end())
            octets = from_base64(text[match.end() : end if end > 0 else len(text)]).octets
            position = max(end, match.end())
        else:
            octets, position = _uu_lines(text, match.end())
        if octets:
            yield match[1].strip(), octets


def from_uuencode(raw: bytes) -> Decoded:
    found = next(uuencoded_in(raw), None)
    return Decoded(found[1] if found else _uu_lines(raw, 0)[0] or raw)


def _uu_lines(text: bytes, position: int) -> tuple[bytes, int]:
    pieces: list[bytes] = []
    while position < len(text):
        end = text.find(b"\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end].rstrip(b"\r")
        if line.strip() == b"end" or not line:
            break
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            count = ((line[0] - 32) & 63) * 4 // 3 + 3
            try:
                pieces.append(binascii.a2b_uu(line[: count + 1]))
            except binascii.Error:
                break
        position = end + 1
    return b"".join(pieces), position


def yencoded_in(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and octets of yEnc files; whole ones and first pieces. The caller counts them."""
    for match in _YENC_BEGIN.finditer(text):
        following = text.find(b"\n=ybegin", match.end())
        stop = following if following > 0 else len(text)
        end = text.find(b"\n=yend", match.end(), stop)
        body = text[match.end() : end if end > 0 else stop]
        if body.startswith(b"=ypart"):
            body = body.partition(b"\n")[2]
        yield match[1].strip(), _from_yenc(body)


_YENC_SHIFT = bytes((octet - 42) & 255 for octet in range(256))
_YENC_ESCAPE = re.compile(rb"=(.)", re.DOTALL)


def _from_yenc(body: bytes) -> bytes:
    lines = body.translate(None, b"\r\n")
    plain = _YENC_ESCAPE.sub(lambda match: bytes([(match[1][0] - 64) & 255]), lines)
    return plain.translate(_YENC_SHIFT)
