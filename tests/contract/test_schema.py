"""The migrations and the schema in the code say the same."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from wardmail.store.connection import Database
from wardmail.store.schema import metadata
from wardmail.store.schema_of_domains import known_domain  # noqa: F401
from wardmail.store.schema_of_holds import hold  # noqa: F401 (its tables join the same metadata)
from wardmail.store.schema_of_inbound import arrival  # noqa: F401
from wardmail.store.schema_of_keeping import legal_hold  # noqa: F401
from wardmail.store.schema_of_logins import login  # noqa: F401
from wardmail.store.schema_of_notices import inbound_notice  # noqa: F401
from wardmail.store.schema_of_programs import given_reply  # noqa: F401
from wardmail.store.schema_of_search import arrival_clue, clue  # noqa: F401
from wardmail.store.schema_of_traffic import breaker  # noqa: F401
from wardmail.store.setup import HEAD, schema_version, upgrade


def test_migrations_lead_to_the_schema(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_upgrading_again_changes_nothing(database: Database) -> None:
    upgrade(database)
    assert schema_version(database) == HEAD
