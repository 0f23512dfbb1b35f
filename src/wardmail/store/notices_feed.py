"""Reads the audit for one integration: what its program may be told, in order, from where it was before."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import func, select

from wardmail.model.notification import Notification, Told
from wardmail.protocol.notifications import data_of, told_besides, type_of
from wardmail.store.connection import Database
from wardmail.store.schema import chain_head, event, message
from wardmail.store.schema_of_inbound import arrival

_READ_AT_ONCE = 2_000
"""Events of everybody: so that one look costs the same however busy the others are."""


class NoticesFeed:
    """Implements `ports.Notices`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, integration: str, after: int, limit: int) -> Told:
        whose = func.coalesce(message.c.integration_id, arrival.c.integration_id).label("integration")
        query = (
            select(event.c.seq, event.c.at, event.c.kind, event.c.message_id, event.c.detail, whose)
            .outerjoin(message, message.c.id == event.c.message_id)
            .outerjoin(arrival, arrival.c.id == event.c.message_id)
            .where(event.c.seq > after)
            .order_by(event.c.seq)
            .limit(_READ_AT_ONCE)
        )
        found: list[Notification] = []
        with self._database.read() as connection:
            for row in connection.execute(query):
                if len(found) == limit:
                    break
                after = row.seq
                told = _told(row, integration)
                if told is not None:
                    found.append(Notification(row.seq, told[0], row.at, told[1]))
        return Told(found, after)

    def last(self) -> int:
        with self._database.read() as connection:
            return int(connection.execute(select(chain_head.c.seq)).scalar_one())


def _told(row: Any, integration: str) -> tuple[str, dict[str, object]] | None:
    """Type and data, for the program whose mail it is about, or would be; None where it is told nothing."""
    if row.message_id is None:
        return told_besides(row.kind, json.loads(row.detail), integration)
    if row.integration != integration:
        return None
    detail = json.loads(row.detail)
    kind = type_of(row.kind, detail)
    return (kind, data_of(row.message_id, row.kind, detail)) if kind else None
