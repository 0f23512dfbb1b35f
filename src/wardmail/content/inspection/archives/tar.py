"""Reads tar archives and the streams that hold a single file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wardmail.content.inspection.archives.members import MOST_ENTRIES, Entry, is_bomb, signs_of
from wardmail.content.inspection.archives.unpack import Damaged, TooLarge, bunzip, gunzip, inflate, unxz
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Member, Sign

_BLOCK = 512
_LINKS, _NO_FILES = b"12", b"3456gKV"
"""Hard and symbolic links; devices, directories, pipes, and what is about others. Any other type is unpacked as a file."""


def adds_up(block: bytes) -> bool:
    """Whether it may head a file in a tar: of the oldest ones (V7) only the checksum tells."""
    written = _number(block[148:156])
    return len(block) == _BLOCK and written > 0 and sum(block) - sum(block[148:156]) + 8 * 32 == written


def look_into_tar(file: File, allowance: Allowance) -> Iterator[Sign]:
    yield from signs_of(_entries(file.octets), file, allowance)


def _entries(octets: bytes) -> Iterator[Entry]:
    position, long_name, count = 0, "", 0
    while position + _BLOCK <= len(octets) and count < MOST_ENTRIES:
        block = octets[position : position + _BLOCK]
        if not block.strip(b"\0"):
            break
        size = _number(block[124:136])
        if size < 0 or not (block[257:262] == b"ustar" or adds_up(block)):
            yield Entry("", None, "archive-damaged")
            return
        content = octets[position + _BLOCK : position + _BLOCK + size]
        position += _BLOCK + (size + _BLOCK - 1) // _BLOCK * _BLOCK
        kind, count = block[156:157], count + 1
        if kind == b"L":
            long_name = _text(content)
        elif kind == b"x":
            long_name = _pax_path(content) or long_name
        else:
            yield from _entry(block, kind, content, long_name, size)
            long_name = ""
    if count >= MOST_ENTRIES:
        yield Entry("", None, "budget-parts")


def _entry(block: bytes, kind: bytes, content: bytes, long_name: str, size: int) -> Iterator[Entry]:
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    name = long_name or (f"{prefix}/" if prefix else "") + _text(block[:100])
    if kind in _LINKS:
        yield Entry(name, b"", links_to=_text(block[157:257]))
    elif kind not in _NO_FILES and not name.endswith("/"):
        yield Entry(name, content, "" if len(content) == size else "archive-damaged")


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return -1


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


def _pax_path(content: bytes) -> str:
    at = content.find(b" path=")
    return content[at + 6 :].partition(b"\n")[0].decode("utf-8", "replace") if at >= 0 else ""


_ENDINGS = (".gz", ".bz2", ".xz", ".tgz", ".tbz", ".txz", ".lzma", ".z")


def look_into_gzip(file: File, allowance: Allowance) -> Iterator[Sign]:
    yield from _single(file, allowance, gunzip, _name_in_gzip(file.octets))


def look_into_bzip2(file: File, allowance: Allowance) -> Iterator[Sign]:
    yield from _single(file, allowance, bunzip)


def look_into_xz(file: File, allowance: Allowance) -> Iterator[Sign]:
    yield from _single(file, allowance, unxz)


def look_into_zlib(file: File, allowance: Allowance) -> Iterator[Sign]:
    yield from _single(file, allowance, lambda packed, limit: inflate(packed, limit, window=15))


def _single(file: File, allowance: Allowance, unpack: Callable[[bytes, int], bytes], name: str = "") -> Iterator[Sign]:
    try:
        octets = unpack(file.octets, allowance.left)
    except TooLarge:
        yield found("archive-bomb" if is_bomb(len(file.octets), allowance.left) else "budget-octets", file.path)
        return
    except Damaged:
        yield found("archive-damaged", file.path)
        return
    if is_bomb(len(file.octets), len(octets)):
        yield found("archive-bomb", file.path)
    if allowance.member(len(octets)):
        yield Member(name or _without_ending(file.name), octets)


def _name_in_gzip(octets: bytes) -> str:
    """RFC 1952 2.3.1: FNAME, after FEXTRA."""
    if len(octets) < 12 or not octets[3] & 8:
        return ""
    at = 10
    if octets[3] & 4:
        at += 2 + int.from_bytes(octets[10:12], "little")
    return octets[at : at + 300].partition(b"\0")[0].decode("latin-1")


def _without_ending(name: str) -> str:
    low = name.lower()
    ending = next((each for each in _ENDINGS if low.endswith(each)), "")
    stem = name[: -len(ending)] if ending else name
    return f"{stem}.tar" if ending in {".tgz", ".tbz", ".txz"} else stem or "content"
