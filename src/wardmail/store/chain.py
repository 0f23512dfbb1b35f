"""The audit: events that can be added but not changed, each hash covering the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from wardmail.model.stored import Event
from wardmail.store.connection import Database, raw_cursor
from wardmail.store.schema import chain_head, event
from wardmail.store.statements import compiled, insert_all, update_where

GENESIS = b"\0" * 32

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What walking the chain found. `broken_at` is the first sequence number that does not fit, with the reason."""

    events: int
    head: bytes
    broken_at: int | None = None
    why: str = ""


class EventChain:
    """Appends events inside a caller's write transaction; writers take turns, so the head cannot fork."""

    def __init__(self, database: Database) -> None:
        self._read = compiled(database, select(chain_head.c.seq, chain_head.c.hash))
        self._append = insert_all(database, event)
        self._move = update_where(database, chain_head, ("seq", "hash"), chain_head.c.id == bindparam("only"))

    def append(self, connection: Connection, events: Sequence[Event]) -> None:
        if not events:
            return
        cursor = raw_cursor(connection)
        cursor.execute(self._read)
        seq, last = cursor.fetchone()
        last = bytes(last)
        rows = []
        for item in events:
            seq += 1
            detail = _encode(item.detail)
            last = link(last, seq, item, detail)
            rows.append((seq, item.at, item.kind, item.message_id, item.subject, item.actor, detail, last))
        cursor.executemany(self._append, rows)
        cursor.execute(self._move, (seq, last, 1))


def link(previous: bytes, seq: int, item: Event, detail: str) -> bytes:
    """The hash of one event. Fields are length-prefixed, so that no two different rows hash alike."""
    fields = (str(seq), repr(item.at), item.kind, item.message_id or "", item.subject, item.actor, detail)
    raw = [field.encode() for field in fields]
    return hashlib.sha256(b"".join([previous, *[len(each).to_bytes(4, "big") + each for each in raw]])).digest()


def verify(database: Database, progress: Callable[[int, int], None] | None = None) -> ChainReport:
    """Walk the whole chain: names the first event that was changed, removed or put in, or a head that was cut off.

    `progress` is told now and then how many events of how many were walked.
    """
    with database.read() as connection:
        head = connection.execute(select(chain_head.c.seq, chain_head.c.hash)).one()
        previous, count = GENESIS, 0
        for seq, item, detail, stored in _walk(connection):
            count += 1
            if progress is not None and count % 5000 == 0:
                progress(count, head.seq)
            if seq != count:
                return ChainReport(count - 1, previous, count, f"event {count} is missing")
            previous = link(previous, seq, item, detail)
            if previous != stored:
                return ChainReport(
                    count - 1, stored, seq, f"event {seq} ({item.kind}) was changed after it was written"
                )
        if head.seq != count or bytes(head.hash) != previous:
            return ChainReport(count, previous, count + 1, f"the chain should end at event {head.seq}")
        return ChainReport(count, previous)


def head_of(database: Database) -> tuple[int, bytes]:
    """The number and the hash of the last event."""
    with database.read() as connection:
        head = connection.execute(select(chain_head.c.seq, chain_head.c.hash)).one()
        return head.seq, bytes(head.hash)


def hash_at(database: Database, seq: int) -> bytes | None:
    """The hash of one event, to compare with one that was kept elsewhere: a chain that was cut and closed again differs."""
    with database.read() as connection:
        found = connection.execute(select(event.c.hash).where(event.c.seq == seq)).scalar_one_or_none()
    return None if found is None else bytes(found)


def _walk(connection: Connection) -> Iterator[tuple[int, Event, str, bytes]]:
    rows = connection.execution_options(yield_per=2000).execute(select(event).order_by(event.c.seq))
    for row in rows:
        item = Event(row.kind, row.at, row.actor, row.message_id, row.subject, {})
        yield row.seq, item, row.detail, bytes(row.hash)
