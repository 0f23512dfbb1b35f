"""The hot statements, compiled once for the database at hand and run by `executemany`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.expression import ClauseElement

from wardmail.store.connection import Database
from wardmail.store.schema import notice_given


def compiled(database: Database, statement: ClauseElement) -> str:
    """The driver's own SQL, with positional parameters in the order in which the statement names them."""
    return str(statement.compile(dialect=database.engine.dialect))


def insert_all(database: Database, table: Table) -> str:
    """INSERT with every column, in the table's own order."""
    return compiled(database, insert(table).values({column.name: bindparam(column.name) for column in table.columns}))


def update_where(database: Database, table: Table, sets: tuple[str, ...], *where: ColumnElement[bool]) -> str:
    """UPDATE of `sets`, in that order; the parameters of `where` come after them."""
    values = [(table.c[name], bindparam(f"new_{name}", type_=table.c[name].type)) for name in sets]
    return compiled(database, update(table).ordered_values(*values).where(and_(*where)))


def first_time(database: Database, connection: Connection, key: str, at: float) -> bool:
    """Takes note of a key; False when somebody has before."""
    make = sqlite.insert if database.is_sqlite else postgresql.insert
    statement = make(notice_given).values(key=key, at=at).on_conflict_do_nothing().returning(notice_given.c.key)
    return connection.execute(statement).first() is not None
