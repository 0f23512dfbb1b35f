"""A read sees one moment of the database, however long it takes."""

from __future__ import annotations

from sqlalchemy import func, select

from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema import chain_head, event


def test_what_is_written_meanwhile_is_not_seen(database: Database) -> None:
    """Else `audit verify` would call a chain broken to which a worker adds while it is walked."""
    with database.read() as reading:
        before = reading.execute(select(chain_head.c.seq)).scalar_one()
        with database.write() as writing:
            EventChain(database).append(writing, [Event("Tested", 1.0, "test", None, "test", {})])
        assert reading.execute(select(func.count()).select_from(event)).scalar_one() == before
    with database.read() as reading:
        assert reading.execute(select(chain_head.c.seq)).scalar_one() == before + 1
