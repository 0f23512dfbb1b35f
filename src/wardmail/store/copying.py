"""Copies a whole database while others write to it, reads a copy without touching it, and puts a copy in place."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, select, text

from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock
from wardmail.store.connection import Database, sqlite_module
from wardmail.store.schema import chain_head, content


class FrozenCopy(Database):
    """A copied SQLite file, opened so that nothing is written beside it: a backup must stay what it was."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self.url = f"sqlite:///file:{quote(str(file.absolute()))}?immutable=1&mode=ro&uri=true"
        self.clock = clock
        self.is_sqlite = True
        self.engine = create_engine(self.url, module=sqlite_module(), hide_parameters=True)
        self.errors = (Exception,)
        self._lock_file = None

    def is_sound(self) -> bool:
        with self.read() as connection:
            return list(connection.execute(text("PRAGMA integrity_check")).scalars()) == ["ok"]


def copy_sqlite(database: Database, target: Path) -> None:
    """In one read transaction, so that writers neither wait nor make it begin anew. Raises Unavailable."""
    module = sqlite_module()
    try:
        copy = module.connect(str(target))
        try:
            with database.engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.backup(copy, pages=-1)
        finally:
            copy.close()
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except database.errors as error:
        raise Unavailable("the copy of the database", type(error).__name__) from error


@contextlib.contextmanager
def dumped_postgresql(database: Database, target: Path) -> Iterator[Connection]:
    """Dumps by pg_dump the very snapshot that the connection reads. Raises Unavailable."""
    with database.read() as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        _run("pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}", database.url)
        yield connection


def check_dump(dump: Path) -> None:
    """That it is a dump, and has a list of its parts; the rest shows when it is restored. Raises Unavailable."""
    _run("pg_restore", "--list", "--file=/dev/null", str(dump))


def restore_postgresql(url: str, dump: Path) -> None:
    """Into an empty database, whole or not at all. Raises Unavailable."""
    options = ("--no-owner", "--exit-on-error", "--single-transaction")
    _run("pg_restore", *options, f"--dbname={url}", str(dump))


def spooled_names(connection: Connection) -> set[str]:
    """The bodies in the spool that the database refers to."""
    return set(connection.execute(select(content.c.spooled).where(content.c.spooled.is_not(None))).scalars())


def audit_head(connection: Connection) -> tuple[int, bytes]:
    row = connection.execute(select(chain_head.c.seq, chain_head.c.hash)).one()
    return row.seq, bytes(row.hash)


def _run(program: str, *words: str) -> None:
    if shutil.which(program) is None:
        raise Unavailable(program, "it is not installed (Debian package postgresql-client)")
    done = subprocess.run([program, *words], capture_output=True, check=False)  # noqa: S603 (no shell; our own words)
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().splitlines() or [""]
        raise Unavailable(program, f"it ended with {done.returncode}: {why[0][:200]}")
