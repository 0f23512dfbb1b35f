"""What all archives have in common: names that lead astray, doubles, and bombs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Member, Sign

MOST_ENTRIES = 2000
_LEADS_OUT = re.compile(r"(?:^|[\\/])\.\.(?:[\\/]|$)|^[\\/]|^[A-Za-z]:")
_BOMB_RATIO, _BOMB_SIZE = 150, 24 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """`octets` None: not to be had, and `fault` says why. `links_to` is the target of a symbolic link."""

    name: str
    octets: bytes | None
    fault: str = ""
    why: str = ""
    links_to: str = ""


def signs_of(entries: Iterable[Entry], file: File, allowance: Allowance) -> Iterator[Sign]:
    """Members and faults of one archive, each fault once."""
    names: set[str] = set()
    for entry in entries:
        key = entry.name.replace("\\", "/").rstrip("/. ").lower()
        if key in names and not entry.name.endswith("/"):
            yield found("archive-duplicate", file.path)
        names.add(key)
        if leads_out(entry.name) or leads_out(entry.links_to):
            yield found("archive-path", file.path)
        if entry.fault:
            yield found(entry.fault, file.path, entry.why)
        if entry.octets is None:
            if entry.name and allowance.spending.part():
                yield Member(entry.name, b"")
        elif not allowance.member(len(entry.octets)):
            return
        else:
            yield Member(entry.name, entry.octets)


def leads_out(name: str) -> bool:
    """Whether a file of that name would be written elsewhere than where the archive is unpacked."""
    return _LEADS_OUT.search(name) is not None


def is_bomb(packed: int, unpacked: int) -> bool:
    return unpacked > _BOMB_SIZE and unpacked > _BOMB_RATIO * max(packed, 1)
