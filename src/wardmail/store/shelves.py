"""Stored content by the data key that seals it: counted, removed when its term ends, moved, shredded.

Implements `outbound.shredding.Shelves`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, not_, select, update

from wardmail.model.arrival import NEEDED
from wardmail.model.clue import month_name
from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.refusal import Unavailable
from wardmail.model.retention import A_DAY, GroupCount, Removed, group_ends
from wardmail.model.stored import Event
from wardmail.outbound.shredding import KeyGroups, SearchKeys
from wardmail.store.chain import EventChain
from wardmail.store.clues import has_clues, remove_clues
from wardmail.store.connection import Database
from wardmail.store.contents import Contents
from wardmail.store.legal_holds import arrivals_under_a_hold, under_a_hold
from wardmail.store.schema import content, message, recipient
from wardmail.store.schema_of_inbound import arrival
from wardmail.store.writer import Writer

log = logging.getLogger(__name__)

_NEEDED = (*(state.value for state in WAITING), RecipientState.HELD.value)


class ShelfList:
    """What people ask about stored content, and the change of an integration's term. Blocking."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def count_now(self, groups: Sequence[str], now: float) -> Sequence[GroupCount]:
        with self._database.read() as connection:
            return [_count(connection, group, now) for group in groups]

    def change_term(self, group: str, integration: str, days: int) -> int:
        """Content of this integration in this group is kept for so long after it came in; how many messages."""
        changed = 0
        with self._database.write() as connection:
            for table in (message, arrival):
                where = (table.c.data_key == group, table.c.integration_id == integration)
                statement = update(table).where(*where).values(content_until=table.c.received_at + days * A_DAY)
                changed += connection.execute(statement).rowcount
        return changed

    def note_term(self, integration: str, days: int, messages: int, actor: str, reason: str) -> None:
        detail: dict[str, object] = {"days": days, "messages": messages, "reason": reason}
        with self._database.write() as connection:
            event = Event("RetentionChanged", self._database.clock.now(), actor, None, integration, detail)
            self._chain.append(connection, [event])


class StoreShelves:
    def __init__(self, database: Database, writer: Writer, contents: Contents) -> None:
        self._database = database
        self._writer = writer
        self._contents = contents
        self._chain = EventChain(database)

    async def count(self, groups: Sequence[str], now: float) -> Sequence[GroupCount]:
        return await asyncio.to_thread(ShelfList(self._database).count_now, groups, now)

    async def remove_due(self, group: str, now: float, limit: int, actor: str) -> Removed:
        removed: Removed = await self._submit(partial(self._remove_due, group, now, limit, actor))
        return removed

    async def move(self, group: str, to: str, limit: int) -> int:
        moved: int = await self._submit(partial(self._move, group, to, limit))
        return moved

    async def destroy_if_empty(self, group: str, keys: KeyGroups, actor: str) -> bool:
        gone: bool = await self._submit(partial(self._destroy_if_empty, group, keys, actor))
        return gone

    async def destroy_search_key_if_unused(self, month: int, keys: SearchKeys, actor: str) -> bool:
        gone: bool = await self._submit(partial(self._destroy_search_key_if_unused, month, keys, actor))
        return gone

    async def _submit(self, operation: partial[Any]) -> Any:
        return await self._writer.submit(_each_alone, operation)

    def _remove_due(self, group: str, now: float, limit: int, actor: str, connection: Connection) -> Removed:
        found: list[tuple[str, str]] = []
        for shelf in _SHELVES:
            due = self._due(shelf, group, now, limit - len(found), connection)
            if due:
                ids = [each for each, _ in due]
                connection.execute(update(shelf.table).where(shelf.table.c.id.in_(ids)).values(data_key=None))
            found += due
        if not found:
            return Removed(0)
        ids = [each for each, _ in found]
        bodies = select(content.c.spooled).where(content.c.message_id.in_(ids), content.c.spooled.is_not(None))
        ended = set(connection.execute(bodies).scalars())
        connection.execute(delete(content).where(content.c.message_id.in_(ids)))
        remove_clues(connection, ids)
        # What came in for two integrations is two arrivals and one body.
        needed = connection.execute(select(content.c.spooled).where(content.c.spooled.in_(ended))).scalars()
        spooled = tuple(sorted(ended.difference(needed)))
        detail: dict[str, object] = {
            "messages": len(ids),
            "first": min(ids),
            "last": max(ids),
            "integrations": dict(sorted(Counter(integration for _, integration in found).items())),
        }
        self._chain.append(connection, [Event("ContentDeleted", now, actor, None, f"content kept as {group}", detail)])
        return Removed(len(ids), spooled)

    @staticmethod
    def _due(shelf: _Shelf, group: str, now: float, limit: int, connection: Connection) -> list[tuple[str, str]]:
        columns = shelf.table.c
        query = (
            select(columns.id, columns.integration_id)
            .where(columns.data_key == group, columns.content_until <= now, not_(shelf.is_needed()))
            .limit(limit)
        )
        kept = shelf.is_held(connection)
        if kept is not None:
            query = query.where(not_(kept))
        return [(row.id, row.integration_id) for row in connection.execute(query)] if limit > 0 else []

    def _move(self, group: str, to: str, limit: int, connection: Connection) -> int:
        total = 0
        for shelf in _SHELVES:
            columns = shelf.table.c
            query = select(columns.id).where(columns.data_key == group).limit(limit)
            moved = [
                each for each in connection.execute(query).scalars().all() if self._is_sealed_anew(connection, each, to)
            ]
            if moved:
                connection.execute(update(shelf.table).where(columns.id.in_(moved)).values(data_key=to))
            total += len(moved)
        return total

    def _is_sealed_anew(self, connection: Connection, message_id: str, to: str) -> bool:
        """What cannot be opened stays, and its data key with it: a person has to look into it."""
        try:
            self._contents.seal_anew(connection, message_id, to)
        except Unavailable as error:
            log.error('event=content_not_moved queue_id=%s part="%s"', message_id, error.part)
            return False
        return True

    def _destroy_if_empty(self, group: str, keys: KeyGroups, actor: str, connection: Connection) -> bool:
        """Within the turn of a writer: whoever stores content seals it in such a turn as well."""
        for shelf in _SHELVES:
            if connection.execute(select(exists().where(shelf.table.c.data_key == group))).scalar_one():
                return False
        if group not in keys.groups():  # somebody else did it
            return False
        keys.destroy(group)
        now = self._database.clock.now()
        self._chain.append(connection, [Event("DataKeyDestroyed", now, actor, None, f"data key {group}", {})])
        return True

    def _destroy_search_key_if_unused(self, month: int, keys: SearchKeys, actor: str, connection: Connection) -> bool:
        """Within the turn of a writer, as above."""
        if has_clues(connection, month) or month not in keys.months():
            return False
        keys.destroy(month)
        now, what = self._database.clock.now(), f"search key {month_name(month)}"
        self._chain.append(connection, [Event("SearchKeyDestroyed", now, actor, None, what, {})])
        return True


def _count(connection: Connection, group: str, now: float) -> GroupCount:
    total = due = 0
    for shelf in _SHELVES:
        of_group, until = shelf.table.c.data_key == group, shelf.table.c.content_until
        counted = select(func.count()).select_from(shelf.table)
        total += connection.execute(counted.where(of_group)).scalar_one()
        due += connection.execute(counted.where(of_group, until <= now)).scalar_one()
    return GroupCount(group, group_ends(group), int(total), int(due))


def _is_needed() -> ColumnElement[bool]:
    """Somebody still waits for it: a courier, or a person who has to decide."""
    waits = and_(recipient.c.message_id == message.c.id, recipient.c.state.in_(_NEEDED))
    return exists(select(recipient.c.n).where(waits))


def _is_awaited() -> ColumnElement[bool]:
    """Somebody still waits for what came in: a process, an application, or a person who has to decide."""
    return arrival.c.state.in_([state.value for state in NEEDED])


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A table whose rows have content."""

    table: Table
    is_needed: Callable[[], ColumnElement[bool]]
    is_held: Callable[[Connection], ColumnElement[bool] | None]


_SHELVES = (_Shelf(message, _is_needed, under_a_hold), _Shelf(arrival, _is_awaited, arrivals_under_a_hold))


def _each_alone(connection: Connection, operations: Sequence[partial[Any]]) -> Sequence[object]:
    return [operation(connection) for operation in operations]
