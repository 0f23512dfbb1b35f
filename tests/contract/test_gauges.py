"""What waits is counted right, and cheaply: by partial indexes alone, however much else is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Select, insert, text
from sqlalchemy.dialects import postgresql, sqlite

from tests.messages import NoSpool, PlainBlinder, ReversingSealer, accepted
from wardmail.model.route import TlsLevel
from wardmail.store.connection import Database
from wardmail.store.gauges import Pile, arrived, held, read_gauges, waiting, webhooks_waiting
from wardmail.store.queue import StoreQueue
from wardmail.store.schema_of_holds import hold
from wardmail.store.schema_of_inbound import arrival
from wardmail.store.schema_of_programs import webhook_telling
from wardmail.store.writer import Writer


@pytest.fixture
def queue(database: Database) -> Iterator[StoreQueue]:
    writer = Writer(database)
    yield StoreQueue(database, writer, ReversingSealer(), NoSpool(), owner="worker-0", blinder=PlainBlinder())
    writer.close()


def _row(table: object, **values: object) -> dict[str, object]:
    """Every column that must be there, with nothing in it."""
    columns = {each.name: each for each in table.columns if not each.nullable}  # type: ignore[attr-defined]
    empty = {name: "" if each.type.python_type is str else 0 for name, each in columns.items()}
    return {**empty, **values}


async def test_copies_are_counted_by_state_and_need_of_tls(queue: StoreQueue, database: Database) -> None:
    first, second = accepted(to=("a@nhs.net", "b@nhs.net")), accepted("M2", to=("c@nhs.net",), received_at=150.0)
    await queue.put(first)
    await queue.put(second)
    found = read_gauges(database).queue
    assert found == {("accepted", TlsLevel.VERIFIED): Pile(3, 100.0)}


def test_what_is_done_with_is_not_counted(database: Database) -> None:
    with database.write() as connection:
        for state, at in (("received", 10.0), ("dead-letter", 20.0), ("dead-letter", 30.0), ("handed-over", 1.0)):
            connection.execute(insert(arrival).values(_row(arrival, id=f"{state}-{at}", state=state, received_at=at)))
        for n, urgent, closed in ((0, 1, None), (1, 0, None), (2, 0, None), (3, 1, 5.0)):
            row = _row(hold, message_id="M", n=n, urgent=urgent, closed_at=closed, opened_at=100.0 + n)
            connection.execute(insert(hold).values(row))
        for seq, due in ((1, 50.0), (2, None)):
            row = _row(webhook_telling, endpoint_id="E", seq=seq, due_at=due, created_at=40.0)
            connection.execute(insert(webhook_telling).values(row))
    found = read_gauges(database)
    assert found.arrivals == {"received": Pile(1, 10.0), "dead-letter": Pile(2, 20.0)}
    assert found.holds == {True: Pile(1, 100.0), False: Pile(2, 101.0)}
    assert found.webhooks == {"integration": Pile(1, 40.0)}


QUERIES = (
    (waiting(), "recipient_due"),
    (held(), "hold_open"),
    (arrived(), "arrival_(in|listed_by)_state"),
    (webhooks_waiting(webhook_telling), "webhook_telling_due"),
)


@pytest.mark.parametrize(("query", "index"), QUERIES)
def test_each_number_comes_from_an_index_of_what_waits(database: Database, query: Select[object], index: str) -> None:
    dialect = sqlite.dialect() if database.is_sqlite else postgresql.dialect()
    sql = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with database.write() as connection:
        if not database.is_sqlite:  # else it reads an empty table whole, and rightly
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(text(f"{'EXPLAIN QUERY PLAN' if database.is_sqlite else 'EXPLAIN'} {sql}")).all()
    assert re.search(index, str(plan))
