"""Fixtures that several kinds of test share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.databases import fresh_postgresql, fresh_sqlite
from tests.postgres import postgres_binaries, running_postgres
from wardmail.store.connection import Database

# Whether something lands must not hang on chance, or on how busy a machine is; `make explore` looks further each time.
settings.register_profile("landing", derandomize=True, deadline=None)
settings.register_profile("exploring", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("WARDMAIL_EXAMPLES", "landing"))


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
