"""The number by which every process sees that the register has changed."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.store.connection import Database
from wardmail.store.schema import meta

_KEY = "register_version"


def register_version(connection: Connection) -> int:
    value = connection.execute(select(meta.c.value).where(meta.c.key == _KEY)).scalar_one_or_none()
    return int(value or 0)


def moved_on(connection: Connection, database: Database) -> None:
    """Inside the transaction that changes the register."""
    insert = sqlite.insert if database.is_sqlite else postgresql.insert
    statement = insert(meta).values(key=_KEY, value=str(register_version(connection) + 1))
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value})
    )
