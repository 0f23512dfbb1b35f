"""The suppression list: changed in the caller's transaction, followed by every process, each change an event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.stored import Event
from wardmail.model.suppression import EVERYBODY, Suppression, SuppressionReason
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema_of_traffic import suppression as table

_AT_ONCE = 500


class StoreSuppressions:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def since(self, number: int) -> Sequence[Suppression]:
        """What changed after the change of that number, removals too."""
        with self._database.read() as connection:
            query = select(table).where(table.c.number > number).order_by(table.c.number)
            return [_entry(row) for row in connection.execute(query)]

    def all(
        self, text: str = "", *, after: tuple[str, str] = ("", ""), limit: int | None = None
    ) -> Sequence[Suppression]:
        """What is on the list now; `text` narrows it to addresses that contain it.

        `after` are the address and integration that an earlier part of the list ended with.
        """
        now = self._database.clock.now()
        query = select(table).where(
            table.c.removed_at.is_(None), or_(table.c.expires_at.is_(None), table.c.expires_at > now)
        )
        if text:
            query = query.where(table.c.address.contains(text.lower(), autoescape=True))
        if any(after):
            same = and_(table.c.address == after[0], table.c.integration_id > after[1])
            query = query.where(or_(table.c.address > after[0], same))
        query = query.order_by(table.c.address, table.c.integration_id).limit(limit)
        with self._database.read() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def add(self, entries: Iterable[Suppression]) -> int:
        """How many were new, or are changed by this. A long list is written in pieces: mail must not wait for it."""
        rest, count = iter(entries), 0
        while piece := list(islice(rest, _AT_ONCE)):
            with self._database.write() as connection:
                count += self.add_in(connection, piece)
        return count

    def add_in(self, connection: Connection, entries: Iterable[Suppression]) -> int:
        """In the caller's write transaction. An entry that counts already is left alone, unless a person puts it."""
        number = int(connection.execute(select(func.coalesce(func.max(table.c.number), 0))).scalar_one())
        events = []
        for each in entries:
            found = connection.execute(
                select(table).where(table.c.address == each.address, table.c.integration_id == each.integration_id)
            ).one_or_none()
            by_person = each.reason in (SuppressionReason.BY_HAND, SuppressionReason.IMPORTED)
            if found is not None and _entry(found).counts_at(each.added_at) and not by_person:
                continue
            number += 1
            statement = self._insert(table).values(**_row(each, number))
            changed = {
                name: value for name, value in _row(each, number).items() if name not in table.primary_key.columns
            }
            connection.execute(
                statement.on_conflict_do_update(index_elements=["address", "integration_id"], set_=changed)
            )
            events.append(_event("SuppressionAdded", each, each.added_by, each.added_at, each.note))
        self._chain.append(connection, events)
        return len(events)

    def remove(self, address: str, integration_id: str | None, actor: str, reason: str) -> int:
        """Take an address off the list, of one integration or (None) of all entries; how many there were."""
        now = self._database.clock.now()
        where = [table.c.address == address.lower(), table.c.removed_at.is_(None)]
        if integration_id is not None:
            where.append(table.c.integration_id == integration_id)
        with self._database.write() as connection:
            found = [_entry(row) for row in connection.execute(select(table).where(*where))]
            number = int(connection.execute(select(func.coalesce(func.max(table.c.number), 0))).scalar_one())
            for n, each in enumerate(found, number + 1):
                same = (table.c.address == each.address, table.c.integration_id == each.integration_id)
                connection.execute(update(table).where(*same).values(removed_at=now, number=n))
            self._chain.append(connection, [_event("SuppressionRemoved", each, actor, now, reason) for each in found])
            return len(found)


def _event(kind: str, entry: Suppression, actor: str, at: float, note: str) -> Event:
    """Without the local part: the audit outlives the list, and says only which domain and why."""
    detail: dict[str, object] = {
        "domain": entry.address.rpartition("@")[2],
        "integration": entry.integration_id,
        "reason": entry.reason.value,
        "note": note,
        "expires": entry.expires_at,
    }
    return Event(kind, at, actor, None, "suppression list", detail)


def _row(entry: Suppression, number: int) -> dict[str, Any]:
    return {
        "address": entry.address,
        "integration_id": entry.integration_id,
        "number": number,
        "reason": entry.reason.value,
        "note": entry.note,
        "added_by": entry.added_by,
        "added_at": entry.added_at,
        "expires_at": entry.expires_at,
        "removed_at": None,
    }


def _entry(row: Row[Any]) -> Suppression:
    return Suppression(
        row.address,
        row.integration_id or EVERYBODY,
        SuppressionReason(row.reason),
        row.note,
        row.added_by,
        row.added_at,
        row.expires_at,
        row.removed_at,
        row.number,
    )
