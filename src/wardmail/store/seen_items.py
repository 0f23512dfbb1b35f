"""What collecting remembers of each mailbox: implements `ports.SeenItems`, and counts for reconciling."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.arrival import RECEIPTED, Arrived
from wardmail.model.stored import Event
from wardmail.store.arrivals import StoreArrivals
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema_of_inbound import arrival, mailbox, seen
from wardmail.store.writer import Writer

_AT_ONCE = 500


class StoreSeenItems:
    def __init__(self, database: Database, writer: Writer, arrivals: StoreArrivals) -> None:
        self._database = database
        self._writer = writer
        self._arrivals = arrivals
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def claim(self, source: str, now: float, until: float) -> bool:
        claimed: bool = await self._submit(partial(self._claim, source, now, until))
        return claimed

    async def unseen(self, source: str, keys: Sequence[str]) -> Sequence[str]:
        return await asyncio.to_thread(self._unseen, source, keys)

    async def collect(self, source: str, key: str, digest: str, arrived: Arrived) -> bool:
        is_new: bool = await self._submit(partial(self._collect, source, key, digest, arrived))
        return is_new

    async def note_problem(self, source: str, key: str, problem: str) -> None:
        await self._submit(partial(self._note_problem, source, key, problem))

    async def forget_problem(self, source: str, key: str) -> bool:
        forgotten: bool = await self._submit(partial(self._forget_problem, source, key))
        return forgotten

    async def receipted(self, source: str, limit: int) -> Sequence[str]:
        return await asyncio.to_thread(self._receipted, source, limit)

    async def settled(self, source: str, keys: Sequence[str], now: float) -> None:
        if keys:
            await self._submit(partial(self._settled, source, keys, now))

    async def cursor(self, source: str) -> str:
        def read() -> str:
            with self._database.read() as connection:
                query = select(mailbox.c.cursor).where(mailbox.c.source == source)
                return connection.execute(query).scalar_one_or_none() or ""

        return await asyncio.to_thread(read)

    async def looked(self, source: str, now: float, cursor: str, problem: str) -> None:
        await self._submit(partial(self._looked, source, now, cursor, problem))

    async def _submit(self, operation: partial[Any]) -> Any:
        return await self._writer.submit(_each_alone, operation)

    def _claim(self, source: str, now: float, until: float, connection: Connection) -> bool:
        values = {"source": source, "cursor": "", "problem": "", "lease_owner": "", "lease_until": 0.0}
        connection.execute(self._insert(mailbox).values(**values).on_conflict_do_nothing())
        free = or_(mailbox.c.lease_owner == self._arrivals.owner, mailbox.c.lease_until <= now)
        statement = update(mailbox).where(mailbox.c.source == source, free)
        claimed = connection.execute(statement.values(lease_owner=self._arrivals.owner, lease_until=until))
        return claimed.rowcount > 0

    def _unseen(self, source: str, keys: Sequence[str]) -> Sequence[str]:
        known: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                query = select(seen.c.key).where(seen.c.source == source, seen.c.key.in_(some))
                known.update(connection.execute(query).scalars())
        return [key for key in keys if key not in known]

    def _collect(self, source: str, key: str, digest: str, arrived: Arrived, connection: Connection) -> bool:
        if connection.execute(select(seen.c.key).where(seen.c.source == source, seen.c.key == key)).first():
            return False
        same = select(seen.c.arrival_id).where(seen.c.source == source, seen.c.digest == digest).limit(1)
        known = connection.execute(same).scalar_one_or_none()
        row = {
            "source": source,
            "key": key,
            "digest": digest,
            "arrival_id": known or arrived.arrival.id,
            "first_seen_at": self._database.clock.now(),
            "problem": "",
        }
        connection.execute(seen.insert().values(**row))
        if known is None:
            self._arrivals.insert(connection, [arrived])
        return known is None

    def _note_problem(self, source: str, key: str, problem: str, connection: Connection) -> None:
        now = self._database.clock.now()
        row = {"source": source, "key": key, "digest": "", "first_seen_at": now, "problem": problem}
        statement = self._insert(seen).values(**row).on_conflict_do_nothing().returning(seen.c.key)
        if connection.execute(statement).first() is not None:
            detail: dict[str, object] = {"key": key, "problem": problem}
            event = Event("NotCollected", now, "wardmail", None, f"source {source}", detail)
            self._chain.append(connection, [event])

    @staticmethod
    def _forget_problem(source: str, key: str, connection: Connection) -> bool:
        which = (seen.c.source == source, seen.c.key == key, seen.c.problem != "", seen.c.arrival_id.is_(None))
        gone = connection.execute(delete(seen).where(*which)).rowcount > 0
        if gone:  # a cursor may have passed it
            connection.execute(update(mailbox).where(mailbox.c.source == source).values(cursor=""))
        return gone

    def _receipted(self, source: str, limit: int) -> Sequence[str]:
        query = (
            select(seen.c.key)
            .join(arrival, arrival.c.id == seen.c.arrival_id)
            .where(seen.c.source == source, seen.c.settled_at.is_(None))
            .where(arrival.c.state.in_([state.value for state in RECEIPTED]))
            .order_by(seen.c.first_seen_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalars().all()

    def _settled(self, source: str, keys: Sequence[str], now: float, connection: Connection) -> None:
        statement = update(seen).where(seen.c.source == source, seen.c.key == bindparam("which"))
        connection.execute(statement.values(settled_at=now), [{"which": key} for key in keys])
        detail: dict[str, object] = {"messages": len(keys)}
        event = Event("UpstreamSettled", now, "wardmail", None, f"source {source}", detail)
        self._chain.append(connection, [event])

    def _looked(self, source: str, now: float, cursor: str, problem: str, connection: Connection) -> None:
        values: dict[str, object] = {"problem": problem}
        if not problem:
            values |= {"looked_at": now, "cursor": cursor}
        connection.execute(update(mailbox).where(mailbox.c.source == source).values(**values))


def _each_alone(connection: Connection, operations: Sequence[partial[Any]]) -> Sequence[object]:
    return [operation(connection) for operation in operations]
