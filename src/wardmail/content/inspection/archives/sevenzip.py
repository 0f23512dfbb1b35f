"""Reads 7z archives: names, encryption, and the content of what is packed by the usual methods."""

from __future__ import annotations

import bz2
import lzma
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from wardmail.content.inspection.archives.members import MOST_ENTRIES, Entry, is_bomb, signs_of
from wardmail.content.inspection.archives.unpack import Damaged, TooLarge, inflate, lzma1_filter, raw_lzma
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Sign

_AES = b"\x06\xf1\x07\x01"
_BCJ = {b"\x03\x03\x01\x03": lzma.FILTER_X86, b"\x04": lzma.FILTER_X86, b"\x08": lzma.FILTER_ARM}


class _Encrypted(Exception):
    pass


class _Unsupported(Exception):
    pass


@dataclass(slots=True)
class _Folder:
    coders: list[tuple[bytes, bytes]]
    sizes: list[int] = field(default_factory=list)
    has_crc: bool = False
    packs: int = 1


@dataclass(slots=True)
class _Streams:
    at: int = 0
    packed: list[int] = field(default_factory=list)
    folders: list[_Folder] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def look_into_7z(file: File, allowance: Allowance) -> Iterator[Sign]:
    try:
        yield from signs_of(_entries(file.octets, allowance.left), file, allowance)
    except _Encrypted:
        yield found("archive-encrypted", file.path)
    except _Unsupported:
        yield found("archive-unsupported", file.path, "7z")
    except TooLarge:
        yield found("archive-bomb", file.path)
    except (Damaged, IndexError, ValueError, struct.error, lzma.LZMAError):
        yield found("archive-damaged", file.path)


class _Cursor:
    def __init__(self, octets: bytes) -> None:
        self.octets, self.at = octets, 0

    def byte(self) -> int:
        self.at += 1
        return self.octets[self.at - 1]

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.octets):
            raise IndexError
        self.at += count
        return self.octets[self.at - count : self.at]

    def number(self) -> int:
        """The variable-length number of 7z: leading ones of the first octet count those that follow."""
        first, mask, value = self.byte(), 0x80, 0
        for index in range(8):
            if not first & mask:
                return value + ((first & (mask - 1)) << (8 * index))
            value |= self.byte() << (8 * index)
            mask >>= 1
        return value

    def count(self) -> int:
        number = self.number()
        if number > 10 * MOST_ENTRIES:
            raise Damaged
        return number

    def bits(self, count: int) -> list[bool]:
        octets = self.take((count + 7) // 8)
        return [bool(octets[index // 8] & (0x80 >> index % 8)) for index in range(count)]

    def digests(self, count: int) -> list[bool]:
        defined = [True] * count if self.byte() else self.bits(count)
        self.take(4 * sum(defined))
        return defined


def _entries(octets: bytes, limit: int) -> Iterator[Entry]:
    offset, size = struct.unpack_from("<QQ", octets, 12)
    cursor = _Cursor(octets[32 + offset : 32 + offset + size])
    kind = cursor.byte() if size else 0
    for _ in range(4):
        if kind != 0x17:
            break
        streams = _streams(cursor)
        header = _content(octets, streams, 0, limit)
        cursor = _Cursor(header)
        kind = cursor.byte()
    if kind != 1:
        if size == 0:
            return
        raise Damaged
    streams, names, empty = _header(cursor)
    yield from _files(octets, streams, names, empty, limit)


def _header(cursor: _Cursor) -> tuple[_Streams, list[str], list[bool]]:
    streams, names, empty = _Streams(), [], []
    while kind := cursor.byte():
        if kind == 4:
            streams = _streams(cursor)
        elif kind == 5:
            count = cursor.count()
            while prop := cursor.byte():
                content = _Cursor(cursor.take(cursor.number()))
                if prop == 0x0E:
                    empty = content.bits(count)
                elif prop == 0x11 and not content.byte():
                    names = content.octets[1:].decode("utf-16-le", "replace").split("\0")[:count]
            empty = empty or [False] * count
        else:
            raise _Unsupported
    return streams, names, empty


def _files(octets: bytes, streams: _Streams, names: list[str], empty: list[bool], limit: int) -> Iterator[Entry]:
    filled = iter([name for name, is_empty in zip(names, empty, strict=False) if not is_empty])
    sizes = iter(streams.sizes)
    left = limit
    for index, count in enumerate(streams.counts):
        fault, why, content = "", "", b""
        try:
            content = _content(octets, streams, index, left)
        except _Encrypted:
            fault = "archive-encrypted"
        except _Unsupported:
            fault, why = "archive-unsupported", "7z method"
        left -= len(content)
        packed = sum(streams.packed[index : index + 1])
        at = 0
        for _ in range(count):
            name, size = next(filled, ""), next(sizes, 0)
            if fault:
                yield Entry(name, None, fault, why)
            else:
                yield Entry(name, content[at : at + size], "archive-bomb" if is_bomb(packed, len(content)) else "")
            at += size


def _streams(cursor: _Cursor) -> _Streams:
    found_streams = _Streams()
    while kind := cursor.byte():
        if kind == 6:
            _pack_sizes(cursor, found_streams)
        elif kind == 7:
            _folders(cursor, found_streams)
        elif kind == 8:
            _substreams(cursor, found_streams)
        else:
            raise _Unsupported
    if not found_streams.counts:
        found_streams.counts = [1] * len(found_streams.folders)
        found_streams.sizes = [folder.sizes[-1] for folder in found_streams.folders]
    return found_streams


def _pack_sizes(cursor: _Cursor, streams: _Streams) -> None:
    streams.at = cursor.number()
    count = cursor.count()
    while kind := cursor.byte():
        if kind == 9:
            streams.packed = [cursor.number() for _ in range(count)]
        else:
            cursor.digests(count)


def _folders(cursor: _Cursor, streams: _Streams) -> None:
    if cursor.byte() != 0x0B:
        raise Damaged
    count = cursor.count()
    if cursor.byte():
        raise _Unsupported
    streams.folders = [_folder(cursor) for _ in range(count)]
    if cursor.byte() != 0x0C:
        raise Damaged
    for folder in streams.folders:
        folder.sizes = [cursor.number() for _ in folder.coders]
    while kind := cursor.byte():
        if kind != 0x0A:
            raise Damaged
        for folder, defined in zip(streams.folders, cursor.digests(count), strict=True):
            folder.has_crc = defined


def _folder(cursor: _Cursor) -> _Folder:
    coders, inputs = [], 0
    for _ in range(cursor.count()):
        flags = cursor.byte()
        method = cursor.take(flags & 15)
        count_in, count_out = (cursor.number(), cursor.number()) if flags & 0x10 else (1, 1)
        properties = cursor.take(cursor.number()) if flags & 0x20 else b""
        coders.append((method, properties))
        inputs += count_in
        if count_out != 1 or count_in > 4:
            raise _Unsupported
    for _ in range(2 * (len(coders) - 1)):
        cursor.number()
    packs = inputs - (len(coders) - 1)
    if packs > 1:
        for _ in range(packs):
            cursor.number()
    return _Folder(coders, packs=packs)


def _substreams(cursor: _Cursor, streams: _Streams) -> None:
    streams.counts = [1] * len(streams.folders)
    kind = cursor.byte()
    if kind == 0x0D:
        streams.counts = [cursor.count() for _ in streams.folders]
        kind = cursor.byte()
    for folder, count in zip(streams.folders, streams.counts, strict=True):
        explicit = [cursor.number() for _ in range(count - 1)] if kind == 9 and count > 1 else []
        streams.sizes += [*explicit, folder.sizes[-1] - sum(explicit)][:count]
    if kind == 9:
        kind = cursor.byte()
    if kind == 0x0A:
        pairs = zip(streams.folders, streams.counts, strict=True)
        cursor.digests(sum(0 if count == 1 and folder.has_crc else count for folder, count in pairs))
        kind = cursor.byte()
    if kind:
        raise Damaged


def _content(octets: bytes, streams: _Streams, index: int, limit: int) -> bytes:
    folder = streams.folders[index]
    if any(method == _AES for method, _ in folder.coders):
        raise _Encrypted
    if folder.packs != 1:
        raise _Unsupported
    first = sum(each.packs for each in streams.folders[:index])
    start = 32 + streams.at + sum(streams.packed[:first])
    content = octets[start : start + streams.packed[first]]
    for (method, properties), size in zip(reversed(folder.coders), reversed(folder.sizes), strict=True):
        content = _uncoded(content, method, properties, size, limit)
    return content


def _uncoded(content: bytes, method: bytes, properties: bytes, size: int, limit: int) -> bytes:
    if size > limit:
        raise TooLarge
    if method == b"\0":
        return content
    if method == b"\x03\x01\x01":
        return raw_lzma(content, limit, lzma1_filter(properties), size)
    if method == b"\x21":
        bits = properties[0] if properties else 40
        dictionary = (2 | bits & 1) << (bits // 2 + 11)
        return raw_lzma(content, limit, [{"id": lzma.FILTER_LZMA2, "dict_size": dictionary}], size)
    if method == b"\x04\x01\x08":
        return inflate(content, limit)
    if method == b"\x04\x02\x02":
        return bz2.BZ2Decompressor().decompress(content, size)
    if method in _BCJ:
        # The filter changes addresses of calls only: what is looked at here does not depend on them.
        return content
    raise _Unsupported
