"""Unpacks streams of the standard library's methods, never further than allowed."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

SLOW = 8
"""Methods other than deflate take about this much longer for an octet, and are allowed that much less."""


class TooLarge(Exception):
    """There is more than allowed."""


class Damaged(Exception):
    """The stream ends early or holds nonsense."""


class _Unpacker(Protocol):
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


def inflate(packed: bytes, limit: int, *, window: int = -15) -> bytes:
    """`window` as in zlib: -15 raw, 15 with zlib's header, 31 with gzip's. Takes a stream without its end if it must."""
    unpacker = zlib.decompressobj(window)
    try:
        octets = unpacker.decompress(packed, limit + 1)
    except zlib.error as error:
        raise Damaged from error
    if len(octets) > limit:
        raise TooLarge
    if not unpacker.eof:
        raise Damaged
    return octets


def inflated_as_far(packed: bytes, limit: int, window: int = 15) -> bytes:
    """What comes before the damage, as lenient readers show it."""
    unpacker = zlib.decompressobj(window)
    pieces: list[bytes] = []
    size = 0
    try:
        for start in range(0, len(packed), 4096):
            pieces.append(unpacker.decompress(packed[start : start + 4096], limit - size + 1))
            size += len(pieces[-1])
            if size > limit:
                raise TooLarge
    except zlib.error:
        pass
    return b"".join(pieces)


def each_of_streams(packed: bytes, limit: int, make: Callable[[], _Unpacker]) -> bytes:
    """Streams one after another make one file (gzip, bzip2 and xz allow that). Raises when there is none."""
    pieces: list[bytes] = []
    size = 0
    for number in range(1000):
        unpacker = make()
        try:
            piece = unpacker.decompress(packed, limit - size + 1)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
            if number == 0:
                raise Damaged from error
            break
        size += len(piece)
        if size > limit:
            raise TooLarge
        pieces.append(piece)
        if not unpacker.eof:
            raise Damaged
        packed = unpacker.unused_data.lstrip(b"\0")
        if not packed:
            break
    return b"".join(pieces)


def gunzip(packed: bytes, limit: int) -> bytes:
    return each_of_streams(packed, limit, lambda: zlib.decompressobj(31))


def bunzip(packed: bytes, limit: int) -> bytes:
    return each_of_streams(packed, limit // SLOW, bz2.BZ2Decompressor)


def unxz(packed: bytes, limit: int) -> bytes:
    return each_of_streams(packed, limit // SLOW * 2, lambda: lzma.LZMADecompressor(memlimit=96 * 1024 * 1024))


def raw_lzma(packed: bytes, limit: int, filters: list[dict[str, int]], size: int | None = None) -> bytes:
    """Without a container. `size` is where a stream that does not mark its end stops."""
    _check_memory(filters)
    try:
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        octets = unpacker.decompress(packed, min(limit // SLOW * 2 + 1, size if size is not None else limit))
    except (lzma.LZMAError, EOFError, ValueError) as error:
        raise Damaged from error
    if len(octets) > limit // SLOW * 2:
        raise TooLarge
    if size is not None and len(octets) < size:
        raise Damaged
    return octets


def _check_memory(filters: list[dict[str, int]]) -> None:
    if any(each.get("dict_size", 0) > 64 * 1024 * 1024 for each in filters):
        raise TooLarge


def lzma1_filter(properties: bytes) -> list[dict[str, int]]:
    """From the five octets of LZMA: lc, lp, pb, and the dictionary's size."""
    if len(properties) < 5 or properties[0] >= 225:
        raise Damaged
    first = properties[0]
    return [
        {
            "id": lzma.FILTER_LZMA1,
            "lc": first % 9,
            "lp": first // 9 % 5,
            "pb": first // 45,
            "dict_size": max(4096, int.from_bytes(properties[1:5], "little")),
        }
    ]
