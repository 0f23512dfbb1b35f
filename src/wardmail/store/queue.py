"""The durable queue: implements `ports.Queue` over the writer and a reading thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, and_, bindparam, or_, select, tuple_, update

from wardmail.model.consignment import Consignment
from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.message import Body
from wardmail.model.stored import (
    AcceptedMessage,
    Alike,
    Charge,
    Event,
    Full,
    LateRecipient,
    RecipientUpdate,
    Released,
    StoredMessage,
    StoredRecipient,
)
from wardmail.model.webhook import WebhookMessage
from wardmail.ports import Blinder, Sealer, Spool
from wardmail.store import rows
from wardmail.store.breakers import Breakers
from wardmail.store.chain import EventChain
from wardmail.store.clues import Clues, Termed
from wardmail.store.connection import Database, raw_cursor
from wardmail.store.contents import Contents
from wardmail.store.lateness import clear_notice, late_recipients, notice_from
from wardmail.store.outbox import add_to_outbox
from wardmail.store.quota import Quota
from wardmail.store.schema import content, message, recipient
from wardmail.store.schema_of_search import clue
from wardmail.store.sightings import Sightings
from wardmail.store.statements import first_time, insert_all, update_where
from wardmail.store.suppressions import StoreSuppressions
from wardmail.store.writer import Writer

_WAITING = tuple(state.value for state in WAITING)

UNREADABLE = "Its stored content cannot be opened; the gateway's log names the part that failed."


class StoreQueue:
    """`owner` names this process in leases; the same name after a restart takes its leases back at once."""

    def __init__(
        self, database: Database, writer: Writer, sealer: Sealer, spool: Spool, owner: str, *, blinder: Blinder
    ) -> None:
        self.owner = owner
        self._database = database
        self.writer = writer
        self._chain = EventChain(database)
        self._quota = Quota(database)
        self._sightings = Sightings(database)
        self._suppressions = StoreSuppressions(database)
        self._breakers = Breakers(database)
        self.contents = Contents(database, sealer, spool)
        self._clues = Clues(database, blinder, clue)
        self._insert_message = insert_all(database, message)
        self._insert_content = insert_all(database, content)
        self._insert_recipient = insert_all(database, recipient)
        self._update_recipient = update_where(
            database,
            recipient,
            ("state", "attempts", "due_at", "lease_owner", "last_reply", "updated_at"),
            recipient.c.message_id == bindparam("message_id"),
            recipient.c.n == bindparam("n"),
            recipient.c.state.in_([bindparam("accepted"), bindparam("deferred")]),
        )

    async def put(self, message: AcceptedMessage, reports: Sequence[AcceptedMessage] = ()) -> Full | Alike | None:
        turned_back: Full | Alike | None = await self.writer.submit(self._put_all, (message, reports))
        return turned_back

    async def note(self, event: Event) -> None:
        await self.writer.submit(self._chain_all, event)

    async def put_once(
        self,
        key: str,
        event: Event,
        messages: Sequence[AcceptedMessage] = (),
        webhook: Sequence[WebhookMessage] = (),
    ) -> bool:
        telling = partial(self._put_once, key, event, (messages, webhook))
        done: bool = await self.writer.submit(self._one_by_one, telling)
        return done

    async def reopen(self, message_id: str, released: Sequence[Released], event: Event) -> bool:
        done: bool = await self.writer.submit(self._one_by_one, partial(self._reopen, message_id, released, event))
        return done

    async def record(self, updates: Sequence[RecipientUpdate], reports: Sequence[AcceptedMessage] = ()) -> None:
        await self.writer.submit(self._record_all, (updates, reports))

    async def lease(self, route: str, limit: int, now: float, until: float) -> Sequence[Consignment]:
        keys = await self.writer.submit(self._one_by_one, partial(self._lease, route, limit, now, until))
        if not keys:
            return ()
        consignments, unreadable = await asyncio.to_thread(self.contents.consignments, keys)
        if unreadable:
            await self.writer.submit(self._one_by_one, partial(self._put_off, unreadable, until))
        return consignments

    async def renew(self, consignments: Sequence[Consignment], until: float) -> None:
        await self.writer.submit(self._one_by_one, partial(self._renew, _keys(consignments), until))

    async def release(self, consignments: Sequence[Consignment], due_at: float) -> None:
        await self.writer.submit(self._one_by_one, partial(self._release, _keys(consignments), due_at))

    async def take(self, charges: Sequence[Charge], now: float) -> float | None:
        full: Full | None = await self.writer.submit(
            self._one_by_one, lambda connection: self._quota.take(connection, charges, now)
        )
        return full.until if full else None

    async def late(self, now: float, limit: int) -> Sequence[LateRecipient]:
        return await asyncio.to_thread(late_recipients, self._database, now, limit)

    async def notice_given(self, late: Sequence[LateRecipient]) -> None:
        """The delay notices of these recipients are in the store (or nobody wants one)."""
        keys = [(each.message_id, each.n) for each in late]
        await self.writer.submit(self._one_by_one, partial(clear_notice, keys))

    async def unreferenced(self, names: Sequence[str]) -> Sequence[str]:
        known = await asyncio.to_thread(self.contents.spooled, names)
        return [name for name in names if name not in known]

    async def load(self, message_id: str) -> tuple[StoredMessage, Sequence[StoredRecipient]] | None:
        return await asyncio.to_thread(self.contents.load, message_id)

    async def read_content(self, message_id: str, variant: int) -> tuple[bytes, Body]:
        return await asyncio.to_thread(self.contents.read, message_id, variant)

    def take_back_leases(self) -> int:
        """Blocking, at start: what an earlier process of this name had on its desk is due now."""
        with self._database.write() as connection:
            statement = update(recipient).where(recipient.c.lease_owner == self.owner)
            return connection.execute(statement.values(due_at=self._database.clock.now(), lease_owner=None)).rowcount

    def _put_all(
        self, connection: Connection, batch: Sequence[tuple[AcceptedMessage, Sequence[AcceptedMessage]]]
    ) -> Sequence[Full | Alike | None]:
        results: list[Full | Alike | None] = []
        stored: list[AcceptedMessage] = []
        # What is seen is counted even when it is then turned back: who goes on sending stays recognised.
        alike = self._sightings.see(connection, [(each.sighting, each.received_at) for each, _ in batch])
        for (each, reports), one_of_many in zip(batch, alike, strict=True):
            turned_back: Full | Alike | None = one_of_many
            if turned_back is None and each.charges:
                turned_back = self._quota.take(connection, each.charges, each.received_at)
            results.append(turned_back)
            if turned_back is None:
                stored += [each, *reports]
        if stored:
            self.insert(connection, stored)
        return results

    def _put_once(
        self,
        key: str,
        event: Event,
        told: tuple[Sequence[AcceptedMessage], Sequence[WebhookMessage]],
        connection: Connection,
    ) -> bool:
        if not first_time(self._database, connection, key, event.at):
            return False
        self._chain.append(connection, [event])
        self.insert(connection, told[0])
        add_to_outbox(connection, told[1])
        return True

    def insert(self, connection: Connection, messages: Sequence[AcceptedMessage]) -> None:
        """In a caller's write transaction."""
        if not messages:
            return
        cursor = raw_cursor(connection)
        cursor.executemany(self._insert_message, [rows.message_row(each) for each in messages])
        cursor.executemany(self._insert_content, [row for each in messages for row in self.contents.rows_of(each)])
        cursor.executemany(
            self._insert_recipient, [rows.recipient_row(each, item) for each in messages for item in each.recipients]
        )
        self._clues.insert(connection, [Termed(each.id, each.terms, each.received_at) for each in messages])
        self._chain.append(connection, [event for each in messages for event in rows.first_events(each)])

    def _record_all(
        self,
        connection: Connection,
        batches: Sequence[tuple[Sequence[RecipientUpdate], Sequence[AcceptedMessage]]],
    ) -> Sequence[None]:
        now = self._database.clock.now()
        updates = [each for batch, _ in batches for each in batch]
        reports = [report for _, batch in batches for report in batch]
        if updates:
            raw_cursor(connection).executemany(self._update_recipient, [_update_row(each, now) for each in updates])
            self._chain.append(connection, [rows.attempt_event(each, now) for each in updates])
            suppressed = [each.suppress for each in updates if each.suppress is not None]
            if suppressed:
                self._suppressions.add_in(connection, suppressed)
            self._breakers.count(connection, updates, now)
        if reports:
            self.insert(connection, reports)
        return [None] * len(batches)

    def _chain_all(self, connection: Connection, events: Sequence[Event]) -> Sequence[None]:
        self._chain.append(connection, events)
        return [None] * len(events)

    def _reopen(self, message_id: str, released: Sequence[Released], event: Event, connection: Connection) -> bool:
        held = select(recipient.c.n).where(recipient.c.message_id == message_id, recipient.c.state == "held")
        if not {each.n for each in released} <= set(connection.execute(held).scalars()):
            return False
        variants: dict[bytes, int] = {}
        self._grant_time(connection, message_id, max(each.due_at for each in released))
        for each in released:
            if each.head not in variants:
                variants[each.head] = self.contents.add_variant(connection, message_id, each.head)
            row = rows.released_row(each, variants[each.head])
            where = and_(recipient.c.message_id == message_id, recipient.c.n == each.n)
            connection.execute(update(recipient).where(where).values(**row, notice_at=notice_from(each.due_at)))
        self._chain.append(connection, [event])
        return True

    @staticmethod
    def _grant_time(connection: Connection, message_id: str, released_at: float) -> None:
        """The time for trying begins when a message is let go: waiting for a person must not use it up."""
        end = released_at + (message.c.expires_at - message.c.received_at)
        late = and_(message.c.id == message_id, message.c.expires_at < end)
        connection.execute(update(message).where(late).values(expires_at=end))

    @staticmethod
    def _one_by_one(connection: Connection, operations: Sequence[partial[object]]) -> Sequence[object]:
        return [operation(connection) for operation in operations]

    def _lease(
        self, route: str, limit: int, now: float, until: float, connection: Connection
    ) -> Sequence[tuple[str, int]]:
        due = (
            select(recipient.c.message_id, recipient.c.n)
            .where(recipient.c.route == route, recipient.c.due_at <= now, recipient.c.state.in_(_WAITING))
            .order_by(recipient.c.due_at)
            .limit(limit)
        )
        statement = (
            update(recipient)
            .where(tuple_(recipient.c.message_id, recipient.c.n).in_(due))
            .values(due_at=until, lease_owner=self.owner)
            .returning(recipient.c.message_id, recipient.c.n)
        )
        return [(row.message_id, row.n) for row in connection.execute(statement)]

    def _release(self, keys: Sequence[tuple[str, int]], due_at: float, connection: Connection) -> None:
        self._change_leased(connection, keys, due_at=due_at, lease_owner=None)

    def _renew(self, keys: Sequence[tuple[str, int]], until: float, connection: Connection) -> None:
        self._change_leased(connection, keys, due_at=until)

    def _put_off(self, keys: Sequence[tuple[str, int]], due_at: float, connection: Connection) -> None:
        """Shown as delayed, and tried again: the keystore or the spool may only be out of reach."""
        state, now = RecipientState.DEFERRED.value, self._database.clock.now()
        self._change_leased(
            connection, keys, due_at=due_at, lease_owner=None, state=state, last_reply=UNREADABLE, updated_at=now
        )
        events = [
            Event(
                "RecipientChanged", now, "wardmail", of, f"recipient {n}", {"n": n, "state": state, "why": UNREADABLE}
            )
            for of, n in keys
        ]
        self._chain.append(connection, events)

    def _change_leased(self, connection: Connection, keys: Sequence[tuple[str, int]], **values: object) -> None:
        statement = (
            update(recipient)
            .where(
                recipient.c.message_id == bindparam("of"),
                recipient.c.n == bindparam("index"),
                recipient.c.lease_owner == self.owner,
                or_(*(recipient.c.state == state for state in _WAITING)),  # IN cannot be run for many keys at once
            )
            .values(**values)
        )
        connection.execute(statement, [{"of": of, "index": index} for of, index in keys])


def _keys(consignments: Sequence[Consignment]) -> list[tuple[str, int]]:
    return [(each.message_id, r.id) for each in consignments for r in each.recipients]


def _update_row(each: RecipientUpdate, now: float) -> tuple[object, ...]:
    reply = rows.reply_text(each.result) if each.result is not None else each.why
    return (each.state.value, each.attempts, each.due_at, None, reply, now, each.message_id, each.n, *_WAITING)
