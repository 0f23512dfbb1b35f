"""The security keys by which people prove themselves besides the password; implements `ports.SecurityKeys`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, or_, select, update

from wardmail.model.login import SecondProof, SecurityKey
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema_of_logins import security_key

MOST = 20
"""Keys of one person."""


class StoreSecurityKeys:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def of(self, person: str) -> Sequence[SecurityKey]:
        query = select(security_key).where(security_key.c.person_id == person).order_by(security_key.c.added_at)
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(query)]

    def add(self, key: SecurityKey) -> bool:
        with self._database.write() as connection:
            same = or_(security_key.c.key_id == key.id, security_key.c.person_id == key.person)
            found = connection.execute(select(security_key).where(same)).all()
            if len(found) >= MOST or any(bytes(row.key_id) == key.id for row in found):
                return False
            connection.execute(
                security_key.insert().values(
                    person_id=key.person,
                    key_id=key.id,
                    name=key.name,
                    public_key=key.public_key,
                    sign_count=key.sign_count,
                    added_at=key.added_at,
                )
            )
            self._note(connection, "SecurityKeyAdded", key.person, key.name)
            return True

    def remove(self, person: str, key: bytes) -> bool:
        where = and_(security_key.c.person_id == person, security_key.c.key_id == key)
        with self._database.write() as connection:
            name = connection.execute(delete(security_key).where(where).returning(security_key.c.name)).scalar()
            if name is None:
                return False
            self._note(connection, "SecurityKeyRemoved", person, str(name))
            return True

    def _note(self, connection: Connection, kind: str, person: str, name: str) -> None:
        self._chain.append(connection, [Event(kind, self._database.clock.now(), person, None, person, {"key": name})])


def use_key(connection: Connection, person: str, proof: SecondProof, now: float) -> bool:
    """Within the transaction that begins the session: a count that does not grow is a copy of the key, or a replay."""
    counted = security_key.c.sign_count
    grows = counted < proof.key_count if proof.key_count else counted == 0
    same = and_(security_key.c.person_id == person, security_key.c.key_id == proof.key_id, grows)
    used = update(security_key).where(same).values(sign_count=proof.key_count, used_at=now)
    return connection.execute(used).rowcount == 1


def _key(row: Row[Any]) -> SecurityKey:
    return SecurityKey(
        row.person_id, bytes(row.key_id), row.name, bytes(row.public_key), row.sign_count, row.added_at, row.used_at
    )
