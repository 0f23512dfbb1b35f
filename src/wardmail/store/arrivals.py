"""Where mail that came in is safe: implements `ports.Arrivals` over the writer and a reading thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, select, update

from wardmail.assurance.foreign_keys import selectors_in
from wardmail.model.arrival import WORKED_ON, Arrival, ArrivalChange, ArrivalState, Arrived, Judgement, RawMail
from wardmail.ports import Blinder
from wardmail.store import records
from wardmail.store.arrival_rows import address_rows, arrival_row, as_arrival, change_event, group_of, received_event
from wardmail.store.chain import EventChain
from wardmail.store.clues import Clues, Termed
from wardmail.store.connection import Database, raw_cursor
from wardmail.store.contents import Contents
from wardmail.store.correspondents import Correspondents
from wardmail.store.schema import content
from wardmail.store.schema_of_inbound import arrival
from wardmail.store.schema_of_search import arrival_address, arrival_clue
from wardmail.store.selectors import StoreSelectors
from wardmail.store.statements import compiled, insert_all
from wardmail.store.writer import Writer

JUDGEMENT = 1
"""The variant of a message's content in whose place its judgement is kept."""

_WORKED_ON = tuple(state.value for state in WORKED_ON)


class StoreArrivals:
    """`owner` names this process in leases; the same name after a restart takes its leases back at once."""

    def __init__(self, database: Database, writer: Writer, contents: Contents, owner: str, *, blinder: Blinder) -> None:
        self.owner = owner
        self._database = database
        self._writer = writer
        self._contents = contents
        self._chain = EventChain(database)
        self._clues = Clues(database, blinder, arrival_clue)
        self._correspondents = Correspondents(database)
        self._selectors = StoreSelectors(database)
        self._insert = insert_all(database, arrival)
        self._insert_address = insert_all(database, arrival_address)
        self._insert_content = insert_all(database, content)
        self._groups = compiled(database, select(arrival.c.data_key).where(arrival.c.id == bindparam("id")))

    async def put(self, arrived: Sequence[Arrived]) -> None:
        await self._writer.submit(self._put_all, arrived)

    async def change(self, change: ArrivalChange) -> bool:
        done: bool = await self._writer.submit(self._change_all, change)
        return done

    async def lease(self, limit: int, now: float, until: float) -> Sequence[Arrival]:
        if not await asyncio.to_thread(self._is_any_due, now):
            return []  # without a turn of the writers, which everybody's mail waits for
        leased: Sequence[Arrival] = await self._writer.submit(_each_alone, partial(self._lease, limit, now, until))
        return leased

    async def renew(self, ids: Sequence[str], until: float) -> None:
        if ids:
            await self._writer.submit(_each_alone, partial(self._renew, ids, until))

    async def release(self, ids: Sequence[str]) -> None:
        if ids:
            await self._writer.submit(_each_alone, partial(self._release, ids))

    def take_back_leases(self) -> int:
        with self._database.write() as connection:
            statement = update(arrival).where(arrival.c.lease_owner == self.owner)
            values = {"due_at": self._database.clock.now(), "lease_owner": None, "attempts": arrival.c.attempts + 1}
            return connection.execute(statement.values(**values)).rowcount

    async def load(self, arrival_id: str) -> Arrival | None:
        return await asyncio.to_thread(self._load, arrival_id)

    async def raw(self, arrival_id: str) -> RawMail:
        return RawMail(*await asyncio.to_thread(self._contents.read, arrival_id, 0))

    async def judgement(self, arrival_id: str) -> Judgement | None:
        text = await asyncio.to_thread(self._contents.read_aside, arrival_id, JUDGEMENT)
        return records.decode(Judgement, text.decode()) if text is not None else None

    async def knows(self, integration: str, authors: Sequence[str]) -> bool | None:
        return await asyncio.to_thread(self._correspondents.know, integration, authors)

    async def overdue(self, integration: str, before: float, limit: int) -> Sequence[Arrival]:
        return await asyncio.to_thread(self._overdue, integration, before, limit)

    def insert(self, connection: Connection, arrived: Sequence[Arrived]) -> None:
        """In a caller's write transaction."""
        cursor = raw_cursor(connection)
        cursor.executemany(self._insert, [arrival_row(each) for each in arrived])
        addressed = [row for each in arrived for row in address_rows(each.arrival)]
        if addressed:
            cursor.executemany(self._insert_address, addressed)
        sealed = [
            row
            for each in arrived
            for row in self._contents.sealed(each.arrival.id, (each.raw.head,), each.raw.body, group_of(each))
        ]
        cursor.executemany(self._insert_content, sealed)
        self._clues.insert(
            connection, [Termed(each.arrival.id, each.terms, each.arrival.received_at) for each in arrived]
        )
        self._chain.append(connection, [received_event(each) for each in arrived])

    def _put_all(self, connection: Connection, batch: Sequence[Sequence[Arrived]]) -> Sequence[None]:
        self.insert(connection, [each for arrived in batch for each in arrived])
        return [None] * len(batch)

    def _change_all(self, connection: Connection, batch: Sequence[ArrivalChange]) -> Sequence[bool]:
        now = self._database.clock.now()
        done = [self._change(connection, each, now) for each in batch]
        events = [change_event(each, now) for each, is_done in zip(batch, done, strict=True) if is_done]
        self._chain.append(connection, events)
        return done

    def _change(self, connection: Connection, change: ArrivalChange, now: float) -> bool:
        values: dict[str, object] = {
            "state": change.state.value,
            "due_at": change.due_at,
            "lease_owner": change.lease_owner,
            "why": change.why,
            "proposed_by": change.proposed_by,
            "updated_at": now,
        }
        if change.attempts is not None:
            values["attempts"] = change.attempts
        if change.action is not None:
            values |= {"action": change.action, "findings": json.dumps(change.findings)}
        before = [state.value for state in change.before]
        statement = update(arrival).where(arrival.c.id == change.id, arrival.c.state.in_(before)).values(**values)
        if connection.execute(statement).rowcount == 0:
            return False
        if change.judgement is not None:
            self._keep_judgement(connection, change.id, change.judgement)
            if change.state is ArrivalState.HANDING_OVER:
                of = connection.execute(select(arrival.c.integration_id).where(arrival.c.id == change.id)).scalar_one()
                self._correspondents.add(connection, of, change.judgement.sender.authors)
                self._selectors.add(connection, selectors_in(change.judgement.sender.dkim))
        return True

    def _keep_judgement(self, connection: Connection, arrival_id: str, judgement: Judgement) -> None:
        cursor = raw_cursor(connection)
        cursor.execute(self._groups, (arrival_id,))
        (group,) = cursor.fetchone()
        if group is not None:
            text = records.encode(judgement).encode()
            self._contents.put_aside(connection, arrival_id, JUDGEMENT, text, group)

    def _is_any_due(self, now: float) -> bool:
        query = select(arrival.c.id).where(arrival.c.due_at <= now, arrival.c.state.in_(_WORKED_ON)).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def _lease(self, limit: int, now: float, until: float, connection: Connection) -> Sequence[Arrival]:
        due = (
            select(arrival.c.id)
            .where(arrival.c.due_at <= now, arrival.c.state.in_(_WORKED_ON))
            .order_by(arrival.c.due_at)
            .limit(limit)
        )
        # A lease that ran out is the mark of a process that died over it, or of a store that was silent.
        died = case((arrival.c.lease_owner.is_not(None), 1), else_=0)
        statement = (
            update(arrival)
            .where(arrival.c.id.in_(due))
            .values(due_at=until, lease_owner=self.owner, attempts=arrival.c.attempts + died)
            .returning(*arrival.columns)
        )
        return [as_arrival(row) for row in connection.execute(statement)]

    def _renew(self, ids: Sequence[str], until: float, connection: Connection) -> None:
        connection.execute(update(arrival).where(*self._are_mine(ids)).values(due_at=until))

    def _release(self, ids: Sequence[str], connection: Connection) -> None:
        values = {"due_at": self._database.clock.now(), "lease_owner": None}
        connection.execute(update(arrival).where(*self._are_mine(ids)).values(**values))

    def _are_mine(self, ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
        return arrival.c.id.in_(ids), arrival.c.lease_owner == self.owner, arrival.c.state.in_(_WORKED_ON)

    def _load(self, arrival_id: str) -> Arrival | None:
        with self._database.read() as connection:
            row = connection.execute(select(arrival).where(arrival.c.id == arrival_id)).one_or_none()
        return as_arrival(row) if row is not None else None

    def _overdue(self, integration: str, before: float, limit: int) -> Sequence[Arrival]:
        old = (
            arrival.c.state == ArrivalState.QUARANTINED.value,
            arrival.c.integration_id == integration,
            arrival.c.received_at <= before,
        )
        query = select(arrival).where(*old).order_by(arrival.c.received_at).limit(limit)
        with self._database.read() as connection:
            return [as_arrival(row) for row in connection.execute(query)]


def _each_alone(connection: Connection, operations: Sequence[partial[Any]]) -> Sequence[object]:
    return [operation(connection) for operation in operations]
