"""Creates and upgrades the schema, by Alembic."""

from __future__ import annotations

from importlib import resources

from sqlalchemy import Connection, inspect

from wardmail.model.refusal import Unavailable
from wardmail.store.connection import Database

HEAD = "0016"
"""The newest migration; `serve` refuses to run on any other."""


def upgrade(database: Database) -> None:
    """Bring the schema to the newest version; does nothing when it is there already."""
    if schema_version(database) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("wardmail.store") / "migrations"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def schema_version(database: Database) -> str | None:
    """None for a database that has no tables yet."""
    with database.read() as connection:
        return _version(connection)


def require_current(database: Database) -> None:
    found = schema_version(database)
    if found != HEAD:
        raise Unavailable("the database", f"its schema is {found or 'missing'}, {HEAD} is needed: run `wardmail init`")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None
