"""The audit from its end: what people look at first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from wardmail.store.connection import Database
from wardmail.store.messages import EventLine, event_line
from wardmail.store.schema import event


def newest_events(database: Database, before: int | None, limit: int) -> Sequence[EventLine]:
    """The newest first; `before`: only those with a lower number."""
    query = select(event).order_by(event.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(event.c.seq < before)
    with database.read() as connection:
        return [event_line(row) for row in connection.execute(query)]
