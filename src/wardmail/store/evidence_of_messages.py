"""Reads what is stored of one message for evidence, with the links of its events in the audit."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from wardmail.model.message_evidence import ChainedEvent, MessageRecord
from wardmail.model.stored import Event
from wardmail.store import rows
from wardmail.store.chain import GENESIS, link
from wardmail.store.connection import Database
from wardmail.store.schema import event, message, recipient


def message_record(database: Database, message_id: str) -> MessageRecord | None:
    """None when there is no such message."""
    with database.read() as connection:
        row = connection.execute(select(message).where(message.c.id == message_id)).one_or_none()
        if row is None:
            return None
        query = select(recipient).where(recipient.c.message_id == message_id).order_by(recipient.c.n)
        copies = tuple(rows.stored_recipient(each) for each in connection.execute(query))
        return MessageRecord(rows.stored_message(row), row.size, copies, tuple(_events(connection, message_id)))


def events_of(database: Database, message_id: str) -> tuple[ChainedEvent, ...]:
    """Also of a message that came in."""
    with database.read() as connection:
        return tuple(_events(connection, message_id))


def _events(connection: Connection, message_id: str) -> Iterator[ChainedEvent]:
    last = event.alias("last")
    query = (
        select(event, last.c.hash.label("before"))
        .outerjoin(last, last.c.seq == event.c.seq - 1)
        .where(event.c.message_id == message_id)
        .order_by(event.c.seq)
    )
    for row in connection.execute(query):
        before = bytes(row.before) if row.before is not None else GENESIS
        item = Event(row.kind, row.at, row.actor, row.message_id, row.subject, {})
        stored = bytes(row.hash)
        fits = link(before, row.seq, item, row.detail) == stored
        yield ChainedEvent(
            row.seq, row.at, row.kind, row.actor, row.subject, row.detail, before.hex(), stored.hex(), fits
        )
