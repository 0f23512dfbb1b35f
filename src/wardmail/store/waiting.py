"""What came in and waits for people, and what they were told of it: implements `ports.WaitingMail`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy import ColumnElement, Connection, and_, case, delete, literal, null, or_, select, true

from wardmail.model.waiting import Waiting, WaitingItem, WaitingKind, WaitingTold
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.outbox import add_to_outbox
from wardmail.store.queue import StoreQueue
from wardmail.store.schema_of_inbound import arrival, seen
from wardmail.store.schema_of_notices import inbound_notice
from wardmail.store.writer import Writer

_UNTIL_DECIDED = (WaitingKind.QUARANTINED.value, WaitingKind.DEAD_LETTER.value)
_NEWS = 2 * 86_400.0
"""Seconds for which a rejection is looked at: nobody decides about it any more, it is told once."""
_MONTH = 31 * 86_400.0


class StoreWaiting:
    def __init__(self, database: Database, writer: Writer, queue: StoreQueue) -> None:
        self._database = database
        self._writer = writer
        self._queue = queue
        self._chain = EventChain(database)

    async def look(self, now: float, limit: int) -> Waiting:
        return await asyncio.to_thread(self._look, now, limit)

    async def told(self, telling: WaitingTold) -> bool:
        done: bool = await self._writer.submit(_each_alone, partial(self._told, telling))
        return done

    def _look(self, now: float, limit: int) -> Waiting:
        with self._database.read() as connection:
            last = connection.execute(select(inbound_notice).where(inbound_notice.c.item == "")).all()
            items = [*_arrivals(connection, now, limit), *_problems(connection, limit)]
        return Waiting(tuple(items), {row.integration_id: row.told_at for row in last})

    def _told(self, telling: WaitingTold, connection: Connection) -> bool:
        of = inbound_notice.c.integration_id == telling.integration
        last = connection.execute(select(inbound_notice.c.told_at).where(of, inbound_notice.c.item == "")).scalar()
        if last != telling.before:
            return False
        # What waits no more is forgotten with the next telling: if it comes back, it is news.
        connection.execute(delete(inbound_notice).where(of))
        rows = [
            {"integration_id": telling.integration, "item": item, "told_at": telling.event.at}
            for item in dict.fromkeys(["", *(each.key for each in telling.items)])
        ]
        connection.execute(inbound_notice.insert(), rows)
        self._queue.insert(connection, telling.notices)
        add_to_outbox(connection, telling.webhook)
        self._chain.append(connection, [telling.event])
        return True


def _arrivals(connection: Connection, now: float, limit: int) -> list[WaitingItem]:
    told = and_(
        inbound_notice.c.integration_id == arrival.c.integration_id,
        inbound_notice.c.item == arrival.c.state + literal(" ") + arrival.c.id,
    )
    rejected = and_(
        arrival.c.state == WaitingKind.REJECTED.value,
        arrival.c.received_at >= now - _MONTH,
        arrival.c.updated_at >= now - _NEWS,
    )
    query = (
        select(
            arrival.c.state,
            arrival.c.id,
            arrival.c.integration_id,
            arrival.c.source,
            _unless_again(arrival.c.state == WaitingKind.DEAD_LETTER.value, arrival.c.updated_at),
        )
        .outerjoin(inbound_notice, told)
        .where(or_(arrival.c.state.in_(_UNTIL_DECIDED), rejected))
        .order_by(inbound_notice.c.told_at.is_not(None), arrival.c.id)
        .limit(limit)
    )
    return [WaitingItem(WaitingKind(row[0]), *row[1:]) for row in connection.execute(query)]


def _problems(connection: Connection, limit: int) -> list[WaitingItem]:
    told = inbound_notice.c.item == literal(f"{WaitingKind.NOT_COLLECTED.value} ") + seen.c.source + seen.c.key
    query = (
        select(seen.c.key, seen.c.source, _unless_again(true(), seen.c.first_seen_at).label("told_at"))
        .outerjoin(inbound_notice, told)
        .where(seen.c.problem != "", seen.c.arrival_id.is_(None))
        .order_by(inbound_notice.c.told_at.is_not(None), seen.c.source, seen.c.key)
        .limit(limit)
    )
    return [
        WaitingItem(WaitingKind.NOT_COLLECTED, row.key, "", row.source, row.told_at)
        for row in connection.execute(query)
    ]


def _unless_again(may_come_again: ColumnElement[bool], at: ColumnElement[float]) -> ColumnElement[float | None]:
    """What was tried again and failed again is news again."""
    return case((and_(may_come_again, at > inbound_notice.c.told_at), null()), else_=inbound_notice.c.told_at)


def _each_alone(connection: Connection, operations: Sequence[partial[object]]) -> Sequence[object]:
    return [operation(connection) for operation in operations]
