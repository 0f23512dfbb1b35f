"""Fixtures that several kinds of test share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import fresh_postgresql, fresh_sqlite
from tests.postgres import postgres_binaries, running_postgres
from wardmail.store.connection import Database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if postgres_binaries() is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Every store test runs on both databases, with the same assertions."""
    if request.param == "sqlite":
        with fresh_sqlite(tmp_path) as opened:
            yield opened
    else:
        with fresh_postgresql(request.getfixturevalue("postgres_server")) as opened:
            yield opened
