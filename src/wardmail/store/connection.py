"""Opens the database, SQLite or PostgreSQL, and hands out read and write transactions."""

from __future__ import annotations

import contextlib
import fcntl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock

WRITER_LOCK = 0x77617264
"""The advisory lock that makes writers of one PostgreSQL database take turns, as SQLite's always do."""

_FIXED_IN = (3, 51, 3)


class Database:
    """One database. `clock` dates its rows.

    Writers take turns on both engines, so a ceiling or an audit chain is exact across processes.
    On SQLite the turn is taken on a lock file and not by SQLite's own busy loop, which sleeps and so wastes commits.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.clock = clock
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url)
        self.errors: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, self.engine.dialect.loaded_dbapi.Error)
        self._lock_file = _lock_file(url).open("a") if self.is_sqlite else None
        self._turn = threading.Lock()

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction, committed at the end of the block. Raises Unavailable when it cannot be."""
        with self._translated(), self.engine.connect() as connection:
            connection.begin()  # so that nobody below us, Alembic above all, ends our transaction
            with self.writing(connection):
                yield connection

    @contextlib.contextmanager
    def writing(self, connection: Connection) -> Iterator[None]:
        """The same on a connection that the caller keeps; errors are the driver's."""
        cursor = raw_cursor(connection)
        with self._turn, self._process_turn():
            cursor.execute("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
            try:
                if not self.is_sqlite:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
                yield
                cursor.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(*self.errors):
                    cursor.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only snapshot."""
        with self._translated(), self.engine.connect() as connection:
            # One snapshot for all that is read: PostgreSQL would else take a new one for each statement.
            connection.exec_driver_sql("BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield connection
            finally:
                with contextlib.suppress(SQLAlchemyError):
                    connection.exec_driver_sql("ROLLBACK")

    def close(self) -> None:
        self.engine.dispose()
        if self._lock_file is not None:
            self._lock_file.close()

    @contextlib.contextmanager
    def _process_turn(self) -> Iterator[None]:
        if self._lock_file is None:
            yield
            return
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self.errors as error:
            raise Unavailable("the database", _first_line(error)) from error


def raw_cursor(connection: Connection) -> Any:
    """The driver's own cursor: on the hot path a statement through SQLAlchemy costs ten times its execution."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver.cursor()


def _first_line(error: Exception) -> str:
    """SQLAlchemy appends the statement and its parameters, which may be personal: keep the driver's words only."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).splitlines()[0] if str(original) else ''}"


def sqlite_module() -> ModuleType:
    import pysqlite3

    return pysqlite3  # type: ignore[no-any-return]


def _sqlite_engine(url: str) -> Engine:
    module = sqlite_module()
    if module.sqlite_version_info < _FIXED_IN:
        raise Unavailable("the database", f"SQLite {module.sqlite_version} may corrupt it; 3.51.3 is needed")
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url, module=module, poolclass=QueuePool, hide_parameters=True, connect_args={"check_same_thread": False}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """WAL with a full sync: a commit survives a power cut. We say BEGIN ourselves."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout = 10000",
        "journal_mode = WAL",
        "synchronous = FULL",
        "cache_size = -32000",
        "temp_store = MEMORY",
        "mmap_size = 0",
        "secure_delete = ON",
        "wal_autocheckpoint = 4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _postgresql_engine(url: str) -> Engine:
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        hide_parameters=True,
        pool_pre_ping=False,
        pool_recycle=1800,
        paramstyle="format",
        connect_args={"connect_timeout": 5, "autocommit": True},
    )
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _lock_file(url: str) -> Path:
    path = Path(url.removeprefix("sqlite:///"))
    return path.with_name(path.name + ".writer")
