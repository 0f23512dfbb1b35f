"""Looks into what is wrapped by S/MIME and OpenPGP: signed content is read, encrypted content is said to be unread."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from wardmail.content.inspection.archives.unpack import TooLarge, inflated_as_far
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Member, Sign
from wardmail.content.mime.transfer import from_base64

_PKCS7 = bytes.fromhex("06092a864886f70d0107")
_SIGNED, _SMIME = _PKCS7 + b"\x02", bytes.fromhex("060b2a864886f70d01091001")
_COMPRESSED = _SMIME + b"\x09"
_PKCS7_TYPES = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_ARMOUR = b"-----BEGIN PGP MESSAGE-----"
_MOST_VALUES, _DEEPEST = 20_000, 40


def look_at_wrapping(file: File, allowance: Allowance) -> Iterator[Sign]:
    if file.declared == "message/partial":
        yield found("mime-partial", file.path)
    elif file.declared == "message/external-body":
        yield found("mime-external-body", file.path)
    elif file.declared == "application/pgp-encrypted" or _ARMOUR in file.octets[: 64 * 1024]:
        yield found("pgp-encrypted", file.path)
    elif file.declared in _PKCS7_TYPES or file.extension in {"p7m", "p7z"}:
        yield from _cms(file, allowance)


def _cms(file: File, allowance: Allowance) -> Iterator[Sign]:
    octets = file.octets if file.octets[:1] == b"\x30" else from_base64(file.octets).octets
    if _SIGNED not in octets[:64] and _COMPRESSED not in octets[:64]:
        is_wrapped = _PKCS7 in octets[:64] or _SMIME in octets[:64]
        yield found("smime-encrypted" if is_wrapped else "smime-unreadable", file.path)
        return
    try:
        content = _content(octets)
        if _COMPRESSED in octets[:64]:
            content = inflated_as_far(content, allowance.left)
    except (IndexError, RecursionError, zlib.error, TooLarge):
        content = b""
    if not content:
        yield found("smime-unreadable", file.path)
    elif allowance.member(len(content)):
        yield Member("", content, is_message=True)


@dataclass(frozen=True, slots=True)
class _Value:
    tag: int
    start: int
    end: int
    following: int


def _content(octets: bytes) -> bytes:
    """The octets of encapContentInfo (RFC 5652 5.1): the first that stand in an octet string below a [0]."""
    reader = _Reader(octets)
    info = reader.inside(reader.at(0))
    signed = reader.inside(reader.inside(info[1])[0])
    wrapped = next((each for each in signed if each.tag == 0x30 and octets[each.start] == 0x06), None)
    if wrapped is None:
        raise IndexError
    inner = reader.inside(reader.inside(wrapped)[1])
    return b"".join(reader.strings(inner[0]))


class _Reader:
    """BER with indefinite lengths, which streaming writers use. Raises IndexError where it is none."""

    def __init__(self, octets: bytes) -> None:
        self.octets, self.count = octets, 0

    def at(self, position: int, depth: int = 0) -> _Value:
        self.count += 1
        if self.count > _MOST_VALUES or depth > _DEEPEST:
            raise IndexError
        tag, first = self.octets[position], self.octets[position + 1]
        start = position + 2
        if first == 0x80:
            end = start
            while self.octets[end : end + 2] != b"\0\0":
                end = self.at(end, depth + 1).following
            return _Value(tag, start, end, end + 2)
        size = first
        if first > 0x80:
            start += first - 0x80
            size = int.from_bytes(self.octets[position + 2 : start], "big")
        if start + size > len(self.octets):
            raise IndexError
        return _Value(tag, start, start + size, start + size)

    def inside(self, value: _Value) -> list[_Value]:
        found_values: list[_Value] = []
        position = value.start
        while position < value.end and len(found_values) < 1000:
            found_values.append(self.at(position))
            position = found_values[-1].following
        return found_values

    def strings(self, value: _Value, depth: int = 0) -> Iterator[bytes]:
        if value.tag == 0x04:
            yield self.octets[value.start : value.end]
            return
        position = value.start
        while position < value.end and depth < _DEEPEST:
            inner = self.at(position)
            yield from self.strings(inner, depth + 1)
            position = inner.following
