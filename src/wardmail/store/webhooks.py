"""Webhooks of integrations: the records, and what each of them is still to be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select, update

from wardmail.model.stored import Event
from wardmail.model.webhook_endpoint import TAKEN, Telling, WebhookEndpoint
from wardmail.store import records
from wardmail.store.chain import EventChain, head_of
from wardmail.store.connection import Database
from wardmail.store.schema_of_programs import webhook_endpoint, webhook_telling

_KEPT = 30 * 86_400.0


class StoreWebhooks:
    """Implements `ports.Webhooks`, and what commands change. Blocking. Every change of a record is an event."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def all(self) -> Sequence[WebhookEndpoint]:
        with self._database.read() as connection:
            rows = connection.execute(select(webhook_endpoint.c.record).order_by(webhook_endpoint.c.id)).scalars()
            return [records.decode(WebhookEndpoint, row) for row in rows]

    def add(self, endpoint: WebhookEndpoint, actor: str) -> None:
        """It is told of what happens from now on."""
        seq, _ = head_of(self._database)
        values = {"id": endpoint.id, "integration_id": endpoint.integration, "record": records.encode(endpoint)}
        with self._database.write() as connection:
            connection.execute(webhook_endpoint.insert().values(**values, told_to=seq))
            self._note(
                connection, "WebhookAdded", endpoint, actor, {"url": endpoint.url, "types": list(endpoint.types)}
            )

    def change(
        self,
        endpoint_id: str,
        changed: Callable[[WebhookEndpoint], WebhookEndpoint],
        kind: str,
        actor: str,
        reason: str,
    ) -> WebhookEndpoint | None:
        """None when there is no such endpoint."""
        with self._database.write() as connection:
            found = select(webhook_endpoint.c.record).where(webhook_endpoint.c.id == endpoint_id).with_for_update()
            text = connection.execute(found).scalar_one_or_none()
            if text is None:
                return None
            endpoint = changed(records.decode(WebhookEndpoint, text))
            of = update(webhook_endpoint).where(webhook_endpoint.c.id == endpoint_id)
            connection.execute(of.values(record=records.encode(endpoint)))
            self._note(connection, kind, endpoint, actor, {"reason": reason})
            return endpoint

    def stop(self, endpoint_id: str, why: str) -> None:
        self.change(endpoint_id, lambda each: replace(each, stopped=why), "WebhookStopped", "wardmail", why)

    def remove(self, endpoint: WebhookEndpoint, actor: str, reason: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(webhook_telling).where(webhook_telling.c.endpoint_id == endpoint.id))
            connection.execute(delete(webhook_endpoint).where(webhook_endpoint.c.id == endpoint.id))
            self._note(connection, "WebhookRemoved", endpoint, actor, {"reason": reason})

    def told_to(self, endpoint_id: str) -> int:
        query = select(webhook_endpoint.c.told_to).where(webhook_endpoint.c.id == endpoint_id)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one_or_none() or 0)

    def queue(self, endpoint_id: str, tellings: Sequence[Telling], told_to: int) -> None:
        """With the place up to which the audit was read, in one transaction: none is queued twice, and none left out."""
        now = self._database.clock.now()
        with self._database.write() as connection:
            of = update(webhook_endpoint).where(webhook_endpoint.c.id == endpoint_id)
            if tellings:
                connection.execute(webhook_telling.insert(), [_row(each) | {"due_at": now} for each in tellings])
            connection.execute(of.values(told_to=told_to))

    def due(self, now: float, limit: int) -> Sequence[Telling]:
        query = select(webhook_telling).where(webhook_telling.c.due_at <= now)
        with self._database.read() as connection:
            return [_telling(row) for row in connection.execute(query.order_by(webhook_telling.c.due_at).limit(limit))]

    def settle(self, telling: Telling, *, again_at: float | None, outcome: str) -> None:
        """Nothing when somebody has asked meanwhile for it to be told again: that is still to be done."""
        as_read = [*_same(telling), webhook_telling.c.attempts == telling.attempts]
        if telling.due_at is not None:
            as_read.append(webhook_telling.c.due_at == telling.due_at)
        values = {"attempts": telling.attempts + 1, "due_at": again_at, "outcome": outcome}
        with self._database.write() as connection:
            connection.execute(update(webhook_telling).where(*as_read).values(**values))

    def deliveries(self, endpoint_id: str, *, failed: bool, limit: int, before: int | None = None) -> Sequence[Telling]:
        """The newest first; `failed`: those alone that were given up; `before`: with a smaller number."""
        query = select(webhook_telling).where(webhook_telling.c.endpoint_id == endpoint_id)
        if before is not None:
            query = query.where(webhook_telling.c.seq < before)
        if failed:
            query = query.where(webhook_telling.c.due_at.is_(None), webhook_telling.c.outcome != TAKEN)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(webhook_telling.c.seq.desc()).limit(limit))
            return [_telling(row) for row in rows]

    def replay(self, endpoint: WebhookEndpoint, seqs: Sequence[int], actor: str, reason: str) -> int:
        """Tell again, with the same ID; how many that were."""
        now = self._database.clock.now()
        of = (webhook_telling.c.endpoint_id == endpoint.id, webhook_telling.c.seq.in_(seqs))
        with self._database.write() as connection:
            values = {"due_at": now, "attempts": 0, "outcome": ""}
            count = connection.execute(update(webhook_telling).where(*of).values(**values)).rowcount
            if count:
                self._note(connection, "WebhookReplayed", endpoint, actor, {"reason": reason, "tellings": count})
            return count

    def forget_old(self) -> None:
        old = (webhook_telling.c.created_at < self._database.clock.now() - _KEPT, webhook_telling.c.due_at.is_(None))
        with self._database.write() as connection:
            connection.execute(delete(webhook_telling).where(*old))

    def _note(
        self, connection: Connection, kind: str, endpoint: WebhookEndpoint, actor: str, detail: dict[str, object]
    ) -> None:
        told = {"integration": endpoint.integration, **detail}
        subject = f"webhook {endpoint.id}"
        self._chain.append(connection, [Event(kind, self._database.clock.now(), actor, None, subject, told)])


def _same(telling: Telling) -> tuple[ColumnElement[bool], ...]:
    return (webhook_telling.c.endpoint_id == telling.endpoint, webhook_telling.c.seq == telling.seq)


def _row(each: Telling) -> dict[str, object]:
    return {
        "endpoint_id": each.endpoint,
        "seq": each.seq,
        "type": each.type,
        "payload": each.payload,
        "created_at": each.created_at,
        "attempts": 0,
        "outcome": "",
    }


def _telling(row: Row[Any]) -> Telling:
    return Telling(
        row.endpoint_id, row.seq, row.type, row.payload, row.created_at, row.attempts, row.due_at, row.outcome
    )
