"""The people who work with the gateway; every change is an event in the audit, and they log in anew after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.person import Person
from wardmail.model.stored import Event
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.logins import end_sessions
from wardmail.store.schema import person

T = TypeVar("T")


class StorePeople:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def all(self) -> Mapping[str, Person]:
        with self._database.read() as connection:
            return everybody(connection)

    def one(self, person_id: str) -> Person | None:
        with self._database.read() as connection:
            text = connection.execute(select(person.c.record).where(person.c.id == person_id)).scalar_one_or_none()
            return None if text is None else records.decode(Person, text)

    def change(self, step: Callable[[Mapping[str, Person]], T | Person], actor: str, reason: str = "") -> T | Person:
        """In one transaction with the reading that it is made from: two owners who end each other's role leave one."""
        with self._database.write() as connection:
            after = step(everybody(connection))
            if isinstance(after, Person):
                self._chain.append(connection, [keep_person(self._database, connection, after, actor, reason)])
            return after

    def save(self, record: Person, actor: str, reason: str = "") -> None:
        with self._database.write() as connection:
            self._chain.append(connection, [keep_person(self._database, connection, record, actor, reason)])


def everybody(connection: Connection) -> Mapping[str, Person]:
    texts = connection.execute(select(person.c.record).order_by(person.c.id)).scalars()
    return {each.id: each for each in (records.decode(Person, text) for text in texts)}


def keep_person(database: Database, connection: Connection, record: Person, actor: str, reason: str) -> Event:
    """Within the caller's transaction, who appends the event."""
    now = database.clock.now()
    insert = sqlite.insert if database.is_sqlite else postgresql.insert
    statement = insert(person).values(id=record.id, record=records.encode(record), updated_at=now)
    changed = {"record": statement.excluded.record, "updated_at": statement.excluded.updated_at}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))
    end_sessions(connection, record.id)
    detail: dict[str, object] = {
        "roles": [role.value for role in record.roles],
        "logins": list(record.logins),
        "left": record.left_at,
        "has_key": bool(record.key_hash),
        "reason": reason,
    }
    return Event("PersonSaved", now, actor, None, record.id, detail)
