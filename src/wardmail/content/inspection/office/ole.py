"""Reads OLE compound files ([MS-CFB]) leniently and within a budget: malformed ones are opened by Office too."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END, _NONE = 0xFFFFFFFE, 0xFFFFFFFF
_MOST_STREAMS = 20_000
_LONGEST_CHAIN = 256 * 1024


@dataclass(frozen=True, slots=True)
class Stream:
    """`path` has the names of the storages around it, separated by a slash."""

    path: str
    class_id: bytes
    start: int
    size: int
    is_storage: bool


class Ole:
    """Streams in the order of the directory. Raises ValueError when there is no readable directory.

    `has_too_many`: there are more than `streams` holds.
    """

    def __init__(self, octets: bytes) -> None:
        if not octets.startswith(SIGNATURE) or len(octets) < 512:
            raise ValueError("no compound file")
        self._octets = octets
        shift, mini_shift = struct.unpack_from("<HH", octets, 30)
        self._sector = 1 << shift if shift in (9, 12) else 512
        self._mini = 1 << mini_shift if mini_shift == 6 else 64
        self._fat = self._read_fat()
        self._cutoff = struct.unpack_from("<L", octets, 56)[0] or 4096
        directory = self._chain(struct.unpack_from("<L", octets, 48)[0], len(octets))
        self.has_too_many = len(directory) // 128 > _MOST_STREAMS
        self.streams = self._read_directory(directory)
        mini_fat = self._chain(struct.unpack_from("<L", octets, 60)[0], len(octets))
        self._mini_fat = struct.unpack(f"<{len(mini_fat) // 4}L", mini_fat[: len(mini_fat) // 4 * 4])
        root = next((each for each in self.streams if each.path == ""), None)
        self._mini_stream = self._chain(root.start, root.size) if root else b""

    def read(self, stream: Stream) -> bytes:
        if stream.size >= self._cutoff:
            return self._chain(stream.start, stream.size)
        pieces: list[bytes] = []
        sector, seen = stream.start, 0
        while sector < len(self._mini_fat) and seen * self._mini < stream.size and seen < _LONGEST_CHAIN:
            pieces.append(self._mini_stream[sector * self._mini : (sector + 1) * self._mini])
            sector, seen = self._mini_fat[sector], seen + 1
        return b"".join(pieces)[: stream.size]

    def named(self, *names: str) -> list[Stream]:
        """Streams whose own name is one of `names`, in lower case."""
        return [each for each in self.streams if each.path.rpartition("/")[2].lower() in names]

    def has(self, *names: str) -> bool:
        return bool(self.named(*names))

    def _read_fat(self) -> tuple[int, ...]:
        sectors = list(struct.unpack_from("<109L", self._octets, 76))
        following = struct.unpack_from("<L", self._octets, 68)[0]
        per_sector = self._sector // 4
        most = len(self._octets) // (self._sector * per_sector) + 2
        while following < _END and len(sectors) < most + per_sector:
            block = self._sector_at(following)
            if len(block) < self._sector:
                break
            numbers = struct.unpack(f"<{per_sector}L", block)
            sectors += numbers[:-1]
            following = numbers[-1]
        blocks = [self._sector_at(number) for number in sectors[: max(most, 109)] if number < _END][:most]
        fat = b"".join(block for block in blocks if len(block) == self._sector)
        return struct.unpack(f"<{len(fat) // 4}L", fat)

    def _sector_at(self, number: int) -> bytes:
        at = (number + 1) * self._sector
        return self._octets[at : at + self._sector]

    def _chain(self, sector: int, size: int) -> bytes:
        pieces: list[bytes] = []
        count = 0
        while sector < len(self._fat) and count * self._sector < size and count < _LONGEST_CHAIN:
            pieces.append(self._sector_at(sector))
            sector, count = self._fat[sector], count + 1
        return b"".join(pieces)[:size]

    def _read_directory(self, directory: bytes) -> list[Stream]:
        """Entries are siblings in a tree; a damaged tree still gives all entries, without their paths."""
        count = min(len(directory) // 128, _MOST_STREAMS)
        if not count:
            raise ValueError("no directory")
        records = [directory[128 * index : 128 * index + 128] for index in range(count)]
        parents = self._parents(records)
        streams = []
        for index, record in enumerate(records):
            kind = record[66]
            if kind in (1, 2, 5):
                path = "" if kind == 5 else "/".join((*parents.get(index, ()), _name(record)))
                start, size = struct.unpack_from("<LL", record, 116)
                streams.append(Stream(path, record[80:96], start, size, kind != 2))
        return streams

    def _parents(self, records: list[bytes]) -> dict[int, tuple[str, ...]]:
        found: dict[int, tuple[str, ...]] = {}
        waiting: list[tuple[int, tuple[str, ...]]] = [(struct.unpack_from("<L", records[0], 76)[0], ())]
        while waiting:
            index, parents = waiting.pop()
            if index >= len(records) or index in found or len(parents) > 30:
                continue
            found[index] = parents
            left, right, child = struct.unpack_from("<LLL", records[index], 68)
            waiting += [(left, parents), (right, parents), (child, (*parents, _name(records[index])))]
        return found


def _name(record: bytes) -> str:
    size = max(0, min(64, struct.unpack_from("<H", record, 64)[0]) - 2)
    return record[:size].decode("utf-16-le", "replace").rstrip("\0").replace("/", "_")
