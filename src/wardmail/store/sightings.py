"""How many different people were sent alike messages lately: small bitmaps, shared by all processes (SEND-4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.stored import Alike
from wardmail.model.traffic import Sighting
from wardmail.store.connection import Database, raw_cursor
from wardmail.store.schema_of_traffic import sighting as table
from wardmail.store.statements import compiled

SLICES = 6
"""A window is counted in this many slices, and the one that has begun."""
SMALLEST, LARGEST = 1024, 65_536
"""Bits of one bitmap."""


@dataclass(slots=True)
class _Page:
    """The bitmaps of one key, by slice; those in `changed` must be written."""

    buckets: dict[int, int]
    changed: set[int]


class Sightings:
    """Counts in the caller's write transaction, in which nobody else writes.

    A bitmap tells people apart without keeping who they are: one who is written to twice counts once (linear counting,
    Whang and others 1990); at the threshold it is about three in a hundred out.
    """

    def __init__(self, database: Database) -> None:
        every: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns}
        insert = (sqlite.insert if database.is_sqlite else postgresql.insert)(table).values(every)
        self._write = compiled(
            database,
            insert.on_conflict_do_update(index_elements=["key", "bucket"], set_={"seen": insert.excluded.seen}),
        )

    def see(self, connection: Connection, seen: Sequence[tuple[Sighting | None, float]]) -> list[Alike | None]:
        """For each, in order, whether more people than the sighting allows were sent the like of it, with these."""
        present = [(each, at) for each, at in seen if each is not None and each.keys]
        if not present:
            return [None] * len(seen)
        pages = _read(connection, present)
        found = [_look(pages, each, at) if each is not None else None for each, at in seen]
        ends = {key: at + 2 * each.window for each, at in present for key in _keys(each)}
        rows = [
            (key, bucket, ends[key], page.buckets[bucket].to_bytes(_bits_of(key) // 8, "big"))
            for key, page in pages.items()
            for bucket in page.changed
        ]
        raw_cursor(connection).executemany(self._write, sorted(rows))
        return found


def forget_old_sightings(connection: Connection, now: float) -> None:
    connection.execute(delete(table).where(table.c.until < now))


def _read(connection: Connection, present: Iterable[tuple[Sighting, float]]) -> dict[str, _Page]:
    oldest = {key: _bucket(each, at) - SLICES for each, at in present for key in _keys(each)}
    pages = {key: _Page({}, set()) for key in oldest}
    query = select(table.c.key, table.c.bucket, table.c.seen).where(table.c.key.in_(list(oldest)))
    for row in connection.execute(query):
        if row.bucket >= oldest[row.key]:
            pages[row.key].buckets[row.bucket] = int.from_bytes(bytes(row.seen), "big")
    return pages


def _look(pages: dict[str, _Page], sighting: Sighting, at: float) -> Alike | None:
    bits, bucket, most = _bits(sighting), _bucket(sighting, at), 0
    marks = 0
    for number in sighting.recipients:
        marks |= 1 << number % bits
    for key in _keys(sighting):
        page = pages[key]
        before = page.buckets.get(bucket, 0)
        if before | marks != before:
            page.buckets[bucket] = before | marks
            page.changed.add(bucket)
        union = 0
        for number, bitmap in page.buckets.items():
            if number >= bucket - SLICES:
                union |= bitmap
        most = max(most, _people(union.bit_count(), bits))
    return Alike(most, sighting.certain) if most > sighting.most else None


def _people(marked: int, bits: int) -> int:
    return round(-bits * math.log((bits - marked) / bits)) if marked < bits else 10 * bits


def _bits(sighting: Sighting) -> int:
    wanted = 1 << (4 * sighting.most).bit_length()
    return min(LARGEST, max(SMALLEST, wanted))


def _keys(sighting: Sighting) -> list[str]:
    bits = _bits(sighting)
    return [f"{sighting.integration_id}/{sighting.window}/{bits}/{key:08x}" for key in sighting.keys]


def _bits_of(key: str) -> int:
    return int(key.rsplit("/", 2)[1])


def _bucket(sighting: Sighting, at: float) -> int:
    return int(at // (sighting.window / SLICES))
