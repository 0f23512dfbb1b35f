"""What waits to be posted to the webhook: implements `ports.Outbox`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from wardmail.model.webhook import WebhookMessage
from wardmail.store.connection import Database
from wardmail.store.schema_of_holds import webhook_message


class StoreOutbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: float, limit: int) -> Sequence[WebhookMessage]:
        return await asyncio.to_thread(self._due, now, limit)

    async def settle(self, message: WebhookMessage, *, again_at: float | None, outcome: str) -> None:
        await asyncio.to_thread(self._settle, message, again_at, outcome)

    def given_up(self) -> int:
        """Blocking. How many the receiver never took."""
        query = select(webhook_message.c.id).where(
            webhook_message.c.due_at.is_(None), webhook_message.c.outcome != TAKEN
        )
        with self._database.read() as connection:
            return len(connection.execute(query).all())

    def _due(self, now: float, limit: int) -> Sequence[WebhookMessage]:
        query = (
            select(webhook_message)
            .where(webhook_message.c.due_at <= now)
            .order_by(webhook_message.c.due_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [WebhookMessage(row.id, row.type, row.payload, row.created_at, row.attempts) for row in rows]

    def _settle(self, message: WebhookMessage, again_at: float | None, outcome: str) -> None:
        values = {"attempts": message.attempts + 1, "due_at": again_at, "outcome": outcome}
        with self._database.write() as connection:
            connection.execute(update(webhook_message).where(webhook_message.c.id == message.id).values(**values))


TAKEN = "taken"


def add_to_outbox(connection: Connection, messages: Sequence[WebhookMessage]) -> None:
    """In the transaction of what they tell about."""
    rows = [
        {
            "id": each.id,
            "type": each.type,
            "payload": each.payload,
            "created_at": each.created_at,
            "attempts": 0,
            "due_at": each.created_at,
            "outcome": "",
        }
        for each in messages
    ]
    if rows:
        connection.execute(webhook_message.insert(), rows)
