"""A read sees one moment of the database, however long it takes; one that is made often reads little."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.event import listen, remove

from wardmail.app.stored_records import StoredMessageRecords
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.messages import Messages, Search
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


def test_what_is_held_is_found_without_reading_everything_else(database: Database) -> None:
    """On the first page of the console, and every time: the index must be one that the database can choose."""
    asked: list[tuple[str, Any]] = []

    def keep(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        asked.append((statement, parameters))

    listen(database.engine, "before_cursor_execute", keep)
    Messages(database).search(Search(states=("held",), limit=200))
    remove(database.engine, "before_cursor_execute", keep)
    ((statement, parameters),) = [each for each in asked if "recipient" in each[0]]
    with database.write() as connection:
        if not database.is_sqlite:  # else it reads an empty table whole, and rightly
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plan = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    assert "recipient_held" in str(plan), plan


def test_a_name_that_no_database_can_hold_is_found_nowhere(database: Database) -> None:
    """PostgreSQL has no text with a NUL in it: to ask would be a failure of the database, again and again."""
    records = StoredMessageRecords(Messages(database))
    assert records.of_message("app", "01M8\0AQ6ZF1QV9X17S") == ()
    assert records.history("app", "01M8\0AQ6ZF1QV9X17S") == ()
