"""A read sees one moment of the database, however long it takes; one that is made often reads little."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Text, func, select, text
from sqlalchemy.event import listen, remove

from tests.messages import PlainBlinder
from wardmail.app.stored_records import StoredMessageRecords
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.messages import Messages, Search
from wardmail.store.schema import chain_head, event, message, recipient

ID = "01M8AQ6ZF1QV9X17S0"


def test_what_is_written_meanwhile_is_not_seen(database: Database) -> None:
    """Else `audit verify` would call a chain broken to which a worker adds while it is walked."""
    with database.read() as reading:
        before = reading.execute(select(chain_head.c.seq)).scalar_one()
        with database.write() as writing:
            EventChain(database).append(writing, [Event("Tested", 1.0, "test", None, "test", {})])
        assert reading.execute(select(func.count()).select_from(event)).scalar_one() == before
    with database.read() as reading:
        assert reading.execute(select(chain_head.c.seq)).scalar_one() == before + 1


def plans_of(database: Database, wanted: Search) -> list[str]:
    """How the database would find it, for each query that it takes."""
    asked: list[tuple[str, Any]] = []

    def keep(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        asked.append((statement, parameters))

    listen(database.engine, "before_cursor_execute", keep)
    Messages(database).search(wanted)
    remove(database.engine, "before_cursor_execute", keep)
    plans = []
    for statement, parameters in [each for each in asked if "recipient" in each[0]]:
        with database.write() as connection:
            if not database.is_sqlite:  # else it reads an empty table whole, and rightly
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
            explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
            plans.append(str(connection.exec_driver_sql(f"{explain} {statement}", parameters).all()))
    return plans


def put_message(database: Database) -> None:
    """One row of each, with what cannot be left out."""
    with database.write() as connection:
        for table, given in (
            (message, {"id": ID, "integration_id": "app", "sender": "app@trust.example"}),
            (recipient, {"message_id": ID, "address": "to@nhs.net", "domain": "nhs.net", "state": "delivered"}),
        ):
            blank: dict[str, object] = {}
            for column in table.columns:
                if not column.nullable:
                    blank[column.name] = "[]" if isinstance(column.type, Text) else 0
            connection.execute(table.insert().values(blank | given))


def test_what_is_held_is_found_without_reading_everything_else(database: Database) -> None:
    """On the first page of the console, and every time: the index must be one that the database can choose."""
    (plan,) = plans_of(database, Search(states=("held",), limit=200))
    assert "recipient_held" in plan, plan


@pytest.mark.parametrize(
    ("wanted", "indexes"),
    [
        (Search("a@b.example"), ("recipient_address", "message_sender")),
        (Search("01M8AQ6ZF1QV9X17S0"), ("recipient_address", "message_sender", "recipient_")),
        (Search("01M8AQ"), ("recipient_address", "message_sender", "recipient_")),
        (Search(integration="app"), ("message_integration",)),
    ],
)
def test_what_people_look_for_is_found_by_indexes(database: Database, wanted: Search, indexes: tuple[str, ...]) -> None:
    plans = plans_of(database, wanted)
    assert len(plans) == len(indexes)
    for plan, index in zip(plans, indexes, strict=True):
        assert index in plan, plan
        assert "SCAN message" not in plan, plan


def test_a_message_is_found_by_each_of_its_names(database: Database) -> None:
    put_message(database)
    messages = Messages(database)
    for typed in (ID, ID.lower(), ID[:6], f"<{ID}@gw.test>", "To@nhs.net", "<to@NHS.net>", "app@trust.example"):
        assert [line.message_id for line in messages.search(Search(typed))] == [ID], typed
    for typed in ("nobody@nhs.net", "02" + ID[2:], "%", "_", "nhs.net", "'", "01M9"):
        assert messages.search(Search(typed)) == [], typed


def test_a_name_that_no_database_can_hold_is_found_nowhere(database: Database) -> None:
    """PostgreSQL has no text with a NUL in it: to ask would be a failure of the database, again and again."""
    records = StoredMessageRecords(Messages(database), PlainBlinder())
    assert records.of_message("app", "01M8\0AQ6ZF1QV9X17S") == ()
    assert records.history("app", "01M8\0AQ6ZF1QV9X17S") == ()
