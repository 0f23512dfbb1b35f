"""The two databases that every store test runs on."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text

from wardmail.edges.clock import SystemClock
from wardmail.store.connection import Database
from wardmail.store.setup import upgrade


@contextlib.contextmanager
def fresh_sqlite(directory: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{directory / 'wardmail.db'}", SystemClock())
    upgrade(database)
    try:
        yield database
    finally:
        database.close()


@contextlib.contextmanager
def fresh_postgresql(server_url: str) -> Iterator[Database]:
    """A database of its own on a server that tests share."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(server_url.rsplit("/", 1)[0] + f"/{name}", SystemClock())
    upgrade(database)
    try:
        yield database
    finally:
        database.close()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
