"""The tasks of held copies, and the alerts about them: implements `ports.Holds`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.delivery import RecipientState
from wardmail.model.hold import Ending, HeldCopy, Hold
from wardmail.model.stored import AcceptedMessage, Event
from wardmail.model.webhook import WebhookMessage
from wardmail.store import rows
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.hold_tasks import as_hold, is_task, task_row
from wardmail.store.outbox import add_to_outbox
from wardmail.store.queue import StoreQueue
from wardmail.store.schema import message, recipient
from wardmail.store.schema_of_holds import hold
from wardmail.store.writer import Writer

_HELD = RecipientState.HELD.value


class StoreHolds:
    def __init__(self, database: Database, writer: Writer, queue: StoreQueue) -> None:
        self._database = database
        self._writer = writer
        self._queue = queue
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def without_task(self, limit: int) -> Sequence[HeldCopy]:
        return await asyncio.to_thread(self._without_task, limit)

    async def open(self, holds: Sequence[Hold]) -> None:
        await self._writer.submit(_each_alone, partial(self._open, holds))

    async def due(self, now: float, limit: int) -> Sequence[Hold]:
        return await asyncio.to_thread(self._due, now, limit)

    async def alerted(
        self, holds: Sequence[Hold], notices: Sequence[AcceptedMessage], webhook: Sequence[WebhookMessage]
    ) -> None:
        await self._writer.submit(_each_alone, partial(self._alerted, holds, notices, webhook))

    async def end(self, hold: Hold, reports: Sequence[AcceptedMessage], event: Event) -> bool:
        done: bool = await self._writer.submit(_each_alone, partial(self._end, hold, reports, event))
        return done

    async def close_settled(self, now: float) -> int:
        settled = await asyncio.to_thread(self._settled)
        if settled:
            await self._writer.submit(_each_alone, partial(self._close, settled, now))
        return len(settled)

    def _without_task(self, limit: int) -> Sequence[HeldCopy]:
        open_tasks = and_(
            hold.c.message_id == recipient.c.message_id, hold.c.n == recipient.c.n, hold.c.closed_at.is_(None)
        )
        query = (
            select(recipient, message.c.integration_id)
            .join(message, message.c.id == recipient.c.message_id)
            .outerjoin(hold, open_tasks)
            .where(recipient.c.state == _HELD, hold.c.message_id.is_(None))
            .order_by(recipient.c.urgent.desc(), recipient.c.updated_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                HeldCopy(
                    row.message_id,
                    row.n,
                    row.integration_id,
                    row.domain,
                    bool(row.urgent),
                    row.last_reply or rows.because_in_words(row.because),
                    row.updated_at,
                )
                for row in connection.execute(query)
            ]

    def _open(self, holds: Sequence[Hold], connection: Connection) -> None:
        now = self._database.clock.now()
        opened = []
        for each in holds:
            statement = self._insert(hold).values(**task_row(each)).on_conflict_do_nothing().returning(hold.c.n)
            if connection.execute(statement).one_or_none() is not None:
                opened.append(each)
        events = [
            Event("HoldOpened", now, "wardmail", each.message_id, f"recipient {each.n}", _detail(each))
            for each in opened
        ]
        self._chain.append(connection, events)

    def _due(self, now: float, limit: int) -> Sequence[Hold]:
        over = and_(hold.c.deadline <= now, hold.c.ending == Ending.RETURN.value)
        query = (
            select(hold)
            .where(hold.c.closed_at.is_(None), or_(hold.c.alert_at <= now, over))
            .order_by(hold.c.urgent.desc(), hold.c.alert_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [as_hold(row) for row in connection.execute(query)]

    def _alerted(
        self,
        holds: Sequence[Hold],
        notices: Sequence[AcceptedMessage],
        webhook: Sequence[WebhookMessage],
        connection: Connection,
    ) -> None:
        now = self._database.clock.now()
        for each in holds:
            statement = update(hold).where(*is_task(each), hold.c.closed_at.is_(None))
            connection.execute(statement.values(level=each.level, alert_at=each.alert_at))
        self._queue.insert(connection, notices)
        add_to_outbox(connection, webhook)
        told = sum(len(each.recipients) for each in notices)
        events = [
            Event(
                "HoldAlerted", now, "wardmail", each.message_id, f"recipient {each.n}", _detail(each) | {"told": told}
            )
            for each in holds
        ]
        self._chain.append(connection, events)

    def _end(self, ended: Hold, reports: Sequence[AcceptedMessage], event: Event, connection: Connection) -> bool:
        now = self._database.clock.now()
        still = and_(recipient.c.message_id == ended.message_id, recipient.c.n == ended.n, recipient.c.state == _HELD)
        values = {
            "state": RecipientState.CANCELLED.value,
            "updated_at": now,
            "last_reply": "cancelled: nobody decided by the deadline",
        }
        if connection.execute(update(recipient).where(still).values(**values)).rowcount == 0:
            return False
        closing = update(hold).where(*is_task(ended), hold.c.closed_at.is_(None))
        connection.execute(closing.values(closed_at=now, closed_as="returned"))
        self._queue.insert(connection, reports)
        self._chain.append(connection, [event])
        return True

    def _settled(self) -> Sequence[tuple[str, int, str]]:
        query = (
            select(hold.c.message_id, hold.c.n, recipient.c.state)
            .join(recipient, and_(hold.c.message_id == recipient.c.message_id, hold.c.n == recipient.c.n))
            .where(hold.c.closed_at.is_(None), recipient.c.state != _HELD)
            .limit(500)
        )
        with self._database.read() as connection:
            return [(row.message_id, row.n, row.state) for row in connection.execute(query)]

    @staticmethod
    def _close(settled: Sequence[tuple[str, int, str]], now: float, connection: Connection) -> None:
        for message_id, n, state in settled:
            closed_as = "cancelled" if state == RecipientState.CANCELLED.value else "released"
            where = and_(hold.c.message_id == message_id, hold.c.n == n, hold.c.closed_at.is_(None))
            connection.execute(update(hold).where(where).values(closed_at=now, closed_as=closed_as))


def _each_alone(connection: Connection, operations: Sequence[partial[object]]) -> Sequence[object]:
    return [operation(connection) for operation in operations]


def _detail(each: Hold) -> dict[str, object]:
    return {
        "n": each.n,
        "owner": each.owner,
        "urgent": each.urgent,
        "deadline": each.deadline,
        "then": each.ending.value,
        "level": each.level,
    }
