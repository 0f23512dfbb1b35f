"""Reads zip archives by their directory and by their local headers at once, because programs differ in which they trust."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from wardmail.content.inspection.archives.members import MOST_ENTRIES, Entry, is_bomb, signs_of
from wardmail.content.inspection.archives.unpack import (
    Damaged,
    TooLarge,
    bunzip,
    inflate,
    lzma1_filter,
    raw_lzma,
    unxz,
)
from wardmail.content.inspection.file import Allowance, File, Sign

_END, _CENTRAL, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_CENTRAL_FORM = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_LOCAL_FORM = struct.Struct("<4sHHHHHLLLHH")
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 1, 8, 0x800


@dataclass(slots=True)
class ZipEntry:
    name: str
    raw_name: bytes
    flags: int
    method: int
    packed: int
    size: int
    offset: int
    mode: int
    data_at: int = -1


@dataclass(slots=True)
class ZipReading:
    """`fault` is empty, or the finding that says that programs would differ."""

    entries: list[ZipEntry]
    fault: str = ""


def look_into_zip(file: File, allowance: Allowance) -> Iterator[Sign]:
    yield from signs_of(zip_members(file.octets, allowance), file, allowance)


def zip_members(octets: bytes, allowance: Allowance) -> Iterator[Entry]:
    reading = read_directory(octets)
    if reading.fault:
        yield Entry("", None, reading.fault)
    for entry in reading.entries:
        if not entry.name.endswith("/") or entry.size:
            yield unpacked(octets, entry, allowance.left)


def unpacked(octets: bytes, entry: ZipEntry, limit: int) -> Entry:
    packed = octets[entry.data_at : entry.data_at + entry.packed] if entry.data_at >= 0 else b""
    if entry.flags & _ENCRYPTED or entry.method == 99:
        return Entry(entry.name, None, "archive-encrypted")
    if entry.data_at < 0:
        return Entry(entry.name, None, "archive-damaged")
    try:
        content = _unpack(packed, entry.method, entry.size, limit)
    except TooLarge:
        return Entry(entry.name, None, "archive-bomb" if is_bomb(entry.packed, limit) else "budget-octets")
    except Damaged:
        return Entry(entry.name, None, "archive-damaged")
    if content is None:
        return Entry(entry.name, None, "archive-unsupported", f"zip method {entry.method}")
    fault = "archive-bomb" if is_bomb(entry.packed, len(content)) else ""
    if not fault and len(content) != entry.size:
        fault = "archive-damaged"
    is_link = entry.mode & 0o170000 == 0o120000
    return Entry(entry.name, content, fault, links_to=content[:300].decode("utf-8", "replace") if is_link else "")


def _unpack(packed: bytes, method: int, size: int, limit: int) -> bytes | None:
    if method == 0:
        return packed
    if method == 8:
        return inflate(packed, limit)
    if method == 12:
        return bunzip(packed, limit)
    if method == 14 and len(packed) > 9:
        return raw_lzma(packed[9:], limit, lzma1_filter(packed[4:9]), size)
    if method == 95:
        return unxz(packed, limit)
    return None


def read_directory(octets: bytes) -> ZipReading:
    """Entries of the directory, each compared with its local header; without a directory, of the local headers alone."""
    end = octets.rfind(_END)
    if end < 0 or len(octets) - end < 22:
        return ZipReading(_walk_locals(octets), "archive-damaged")
    count, size, offset = struct.unpack_from("<HLL", octets, end + 10)
    start = octets.find(_CENTRAL, max(0, end - size)) if end - size >= 0 else -1
    shift = end - size - offset if end - size >= 0 and offset != 0xFFFFFFFF else 0
    if start < 0 or start > end:
        return ZipReading(_walk_locals(octets), "archive-damaged" if count else _gap_fault(octets, [], end))
    entries, position = _read_central(octets, start, end)
    faults = {fault for entry in entries if (fault := _compare(octets, entry, shift))}
    if len(entries) != count and count != 0xFFFF:
        faults.add("archive-damaged")
    if len(entries) >= MOST_ENTRIES:
        faults.add("budget-parts")
    if position > end:
        faults.add("archive-damaged")
    faults.add(_gap_fault(octets, entries, start))
    faults.discard("")
    return ZipReading(entries, min(faults, default=""))


def is_within_a_file(octets: bytes, position: int) -> bool:
    """Whether what stands there is part of a file in the archive, which is looked at for itself, or of the archive's own."""
    return any(
        entry.data_at <= position < entry.data_at + entry.packed
        for entry in read_directory(octets).entries
        if entry.data_at >= 0
    )


def _read_central(octets: bytes, start: int, end: int) -> tuple[list[ZipEntry], int]:
    entries: list[ZipEntry] = []
    position = start
    while octets[position : position + 4] == _CENTRAL and position + 46 <= end and len(entries) < MOST_ENTRIES:
        fields = _CENTRAL_FORM.unpack_from(octets, position)
        flags, method, packed, size = fields[3], fields[4], fields[8], fields[9]
        name_size, extra_size, comment_size = fields[10:13]
        name = octets[position + 46 : position + 46 + name_size]
        entries.append(ZipEntry(_name(name, flags), name, flags, method, packed, size, fields[16], fields[15] >> 16))
        position += 46 + name_size + extra_size + comment_size
    return entries, position


def _compare(octets: bytes, entry: ZipEntry, shift: int) -> str:
    for at in dict.fromkeys((entry.offset + shift, entry.offset)):
        if at >= 0 and octets[at : at + 4] == _LOCAL and at + 30 <= len(octets):
            break
    else:
        return "archive-damaged"
    local = _LOCAL_FORM.unpack_from(octets, at)
    entry.offset = at
    entry.data_at = at + 30 + local[9] + local[10]
    name = octets[at + 30 : at + 30 + local[9]]
    sized = not local[2] & _DESCRIPTOR
    differs = (
        name != entry.raw_name
        or local[3] != entry.method
        or (local[2] ^ entry.flags) & _ENCRYPTED
        or (sized and local[7] not in (entry.packed, 0xFFFFFFFF))
        or (sized and local[8] not in (entry.size, 0xFFFFFFFF))
    )
    return "archive-damaged" if differs else ""


def _gap_fault(octets: bytes, entries: list[ZipEntry], directory: int) -> str:
    """Overlapping entries are a bomb; a local header that the directory does not know is hidden from some programs."""
    position = 0
    for entry in sorted((each for each in entries if each.data_at >= 0), key=lambda each: each.offset):
        if entry.offset < position:
            return "archive-bomb"
        if octets.find(_LOCAL, position, entry.offset) >= 0:
            return "archive-damaged"
        position = entry.data_at + entry.packed
    return "archive-damaged" if octets.find(_LOCAL, position, directory) >= 0 else ""


def _walk_locals(octets: bytes) -> list[ZipEntry]:
    entries: list[ZipEntry] = []
    position = octets.find(_LOCAL)
    while position >= 0 and position + 30 <= len(octets) and len(entries) < MOST_ENTRIES:
        fields = _LOCAL_FORM.unpack_from(octets, position)
        name = octets[position + 30 : position + 30 + fields[9]]
        data_at = position + 30 + fields[9] + fields[10]
        following = octets.find(_LOCAL, data_at)
        packed = fields[7] or ((following if following >= 0 else len(octets)) - data_at)
        entries.append(
            ZipEntry(_name(name, fields[2]), name, fields[2], fields[3], packed, fields[8], position, 0, data_at)
        )
        position = following
    return entries


def _name(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8")
    except ValueError:
        return raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
