"""Reads the headers of RAR, ARJ, ACE and LZH archives: names and encryption; only what is stored unpacked can be looked at."""

from __future__ import annotations

from collections.abc import Iterator

from wardmail.content.inspection.archives.members import MOST_ENTRIES, Entry, signs_of
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Sign

_RAR4, _RAR5 = b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"


def look_into_rar(file: File, allowance: Allowance) -> Iterator[Sign]:
    octets = file.octets
    entries = list(_rar5(octets) if octets.startswith(_RAR5) else _rar4(octets))
    if not entries:
        yield found("archive-damaged", file.path)
    yield from signs_of(entries, file, allowance)


def look_at_unread(file: File, _allowance: Allowance) -> Iterator[Sign]:
    """Formats that nothing here can unpack."""
    yield found("archive-unsupported", file.path, file.kind.rpartition("/")[2].removeprefix("x-"))


def _rar4(octets: bytes) -> Iterator[Entry]:
    position = len(_RAR4)
    for _ in range(MOST_ENTRIES):
        if position + 7 > len(octets):
            return
        kind, flags = octets[position + 2], int.from_bytes(octets[position + 3 : position + 5], "little")
        size = int.from_bytes(octets[position + 5 : position + 7], "little")
        if kind == 0x73 and flags & 0x80:
            yield Entry("", None, "archive-encrypted")
            return
        added = int.from_bytes(octets[position + 7 : position + 11], "little") if flags & 0x8000 or kind == 0x74 else 0
        if kind == 0x74:
            yield _rar4_file(octets, position, size, flags, added)
        if size < 7:
            return
        position += size + added
    yield Entry("", None, "budget-parts")


def _rar4_file(octets: bytes, position: int, size: int, flags: int, packed: int) -> Entry:
    method = octets[position + 25] if position + 26 <= len(octets) else 0
    name_size = int.from_bytes(octets[position + 26 : position + 28], "little")
    at = position + 32 + (8 if flags & 0x100 else 0)
    name = octets[at : at + name_size].partition(b"\0")[0].decode("utf-8", "replace").replace("\\", "/")
    if flags & 4:
        return Entry(name, None, "archive-encrypted")
    if flags & 0xE0 == 0xE0:
        return Entry(f"{name}/", b"")
    if method != 0x30 or flags & 3:
        return Entry(name, None, "archive-unsupported", "compressed rar")
    return Entry(name, octets[position + size : position + size + packed])


def _rar5(octets: bytes) -> Iterator[Entry]:
    position = len(_RAR5)
    for _ in range(MOST_ENTRIES):
        size, at = _vint(octets, position + 4)
        if at < 0 or size == 0:
            return
        end = at + size
        kind, at = _vint(octets, at)
        flags, at = _vint(octets, at)
        _, at = _vint(octets, at) if flags & 1 else (0, at)
        packed, at = _vint(octets, at) if flags & 2 else (0, at)
        if kind == 4:
            yield Entry("", None, "archive-encrypted")
            return
        if kind == 2 and at > 0:
            yield _rar5_file(octets, at, end, packed)
        if kind == 5 or at < 0:
            return
        position = end + packed
    yield Entry("", None, "budget-parts")


def _rar5_file(octets: bytes, at: int, end: int, packed: int) -> Entry:
    flags, at = _vint(octets, at)
    _, at = _vint(octets, at)
    _, at = _vint(octets, at)
    at += (4 if flags & 2 else 0) + (4 if flags & 4 else 0)
    method, at = _vint(octets, at)
    _, at = _vint(octets, at)
    name_size, at = _vint(octets, at)
    name = octets[at : at + name_size].decode("utf-8", "replace")
    extra = octets[at + name_size : end]
    if flags & 1:
        return Entry(f"{name}/", b"")
    if _has_encryption(extra):
        return Entry(name, None, "archive-encrypted")
    if method >> 7 & 7:
        return Entry(name, None, "archive-unsupported", "compressed rar")
    return Entry(name, octets[end : end + packed])


def _has_encryption(extra: bytes) -> bool:
    position = 0
    while position < len(extra):
        size, at = _vint(extra, position)
        kind, _ = _vint(extra, at)
        if at < 0 or size == 0:
            return False
        if kind == 1:
            return True
        position = at + size
    return False


def _vint(octets: bytes, position: int) -> tuple[int, int]:
    """A number and where it ends; -1 when there is none."""
    if position < 0:
        return 0, -1
    value = 0
    for shift, octet in enumerate(octets[position : position + 10]):
        value |= (octet & 0x7F) << (7 * shift)
        if not octet & 0x80:
            return value, position + shift + 1
    return 0, -1
