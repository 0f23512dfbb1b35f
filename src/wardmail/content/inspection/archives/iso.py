"""Reads ISO 9660 images (ECMA-119) with Joliet names, and the cabinets of Windows as far as they are not compressed by LZX."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from wardmail.content.inspection.archives.members import MOST_ENTRIES, Entry, signs_of
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Sign

_SECTOR = 2048


def look_into_iso(file: File, allowance: Allowance) -> Iterator[Sign]:
    roots = _roots(file.octets)
    if not roots:
        yield found("archive-unsupported", file.path, "disk image")
        return
    root, is_joliet = roots[-1]
    yield from signs_of(_walk(file.octets, root, is_joliet), file, allowance)


def _roots(octets: bytes) -> list[tuple[tuple[int, int], bool]]:
    """Root directories of the primary descriptor and of Joliet's, whose long names Windows shows."""
    roots = []
    for number in range(16, 32):
        descriptor = octets[number * _SECTOR : (number + 1) * _SECTOR]
        if descriptor[1:6] != b"CD001" or descriptor[0] == 255:
            break
        if descriptor[0] in (1, 2):
            record = descriptor[156:190]
            span = (int.from_bytes(record[2:6], "little") * _SECTOR, int.from_bytes(record[10:14], "little"))
            roots.append((span, descriptor[0] == 2))
    return roots


def _walk(octets: bytes, root: tuple[int, int], is_joliet: bool) -> Iterator[Entry]:
    waiting, seen, count = [("", root)], {root}, 0
    while waiting:
        path, (start, size) = waiting.pop()
        for name, is_directory, span in _records(octets[start : start + size], is_joliet):
            count += 1
            if count > MOST_ENTRIES:
                yield Entry("", None, "budget-parts")
                return
            if not is_directory:
                content = octets[span[0] : span[0] + span[1]]
                yield Entry(path + name, content, "" if len(content) == span[1] else "archive-damaged")
            elif span not in seen:
                seen.add(span)
                waiting.append((f"{path}{name}/", span))


def _records(directory: bytes, is_joliet: bool) -> Iterator[tuple[str, bool, tuple[int, int]]]:
    position = 0
    while position + 33 < len(directory):
        size = directory[position]
        if size < 34:
            position = (position // _SECTOR + 1) * _SECTOR
            continue
        raw = directory[position + 33 : position + 33 + directory[position + 32]]
        if raw not in (b"\0", b"\1"):
            name = raw.decode("utf-16-be" if is_joliet else "latin-1", "replace").partition(";")[0]
            span = struct.unpack_from("<L", directory, position + 2)[0] * _SECTOR
            yield (
                name,
                bool(directory[position + 25] & 2),
                (span, struct.unpack_from("<L", directory, position + 10)[0]),
            )
        position += size


def look_into_cabinet(file: File, allowance: Allowance) -> Iterator[Sign]:
    try:
        entries = list(_cabinet(file.octets, allowance.left))
    except (struct.error, IndexError, ValueError, zlib.error):
        yield found("archive-damaged", file.path)
        return
    yield from signs_of(entries, file, allowance)


def _cabinet(octets: bytes, limit: int) -> Iterator[Entry]:
    files_at, folders, files, flags = struct.unpack_from("<16xL6xHHH", octets)
    position, reserve = 36, (0, 0, 0)
    if flags & 4:
        reserve = struct.unpack_from("<HBB", octets, position)
        position += 4 + reserve[0]
    for _ in range(2 * bool(flags & 1) + 2 * bool(flags & 2)):
        position = octets.index(b"\0", position) + 1
    contents: list[bytes | None] = []
    for _ in range(min(folders, 200)):
        start, blocks, method = struct.unpack_from("<LHH", octets, position)
        contents.append(_folder(octets, (start, blocks), method & 15, reserve[2], limit))
        position += 8 + reserve[1]
    position = files_at
    for _ in range(min(files, MOST_ENTRIES)):
        size, start, folder = struct.unpack_from("<LLH", octets, position)
        end = octets.index(b"\0", position + 16)
        name = octets[position + 16 : end].decode("utf-8", "replace")
        position = end + 1
        content = contents[folder] if folder < len(contents) else None
        if content is None:
            yield Entry(name, None, "archive-unsupported", "compressed cabinet")
        else:
            yield Entry(name, content[start : start + size])


def _folder(octets: bytes, place: tuple[int, int], method: int, reserve: int, limit: int) -> bytes | None:
    """Stored or MSZIP; each MSZIP block goes on with the window of the one before."""
    position, blocks = place
    if method not in (0, 1):
        return None
    pieces: list[bytes] = []
    window, size = b"", 0
    for _ in range(blocks):
        packed = struct.unpack_from("<4xH", octets, position)[0]
        block = octets[position + 8 + reserve : position + 8 + reserve + packed]
        position += 8 + reserve + packed
        if method == 1:
            if block[:2] != b"CK":
                raise IndexError
            block = zlib.decompressobj(-15, zdict=window).decompress(block[2:], 65536)
            window = (window + block)[-32768:]
        size += len(block)
        if size > limit:
            return None
        pieces.append(block)
    return b"".join(pieces)
