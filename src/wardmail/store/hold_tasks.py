"""The tasks of held copies as people see and change them. Everything here blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, select, update

from wardmail.model.hold import Ending, Hold
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema_of_holds import hold


class HoldTasks:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def of_message(self, message_id: str) -> Sequence[Hold]:
        """Open tasks of one message."""
        query = select(hold).where(hold.c.message_id == message_id, hold.c.closed_at.is_(None)).order_by(hold.c.n)
        with self._database.read() as connection:
            return [as_hold(row) for row in connection.execute(query)]

    def all_open(self) -> dict[tuple[str, int], Hold]:
        """Every open task, by message and recipient."""
        query = select(hold).where(hold.c.closed_at.is_(None))
        with self._database.read() as connection:
            return {(row.message_id, row.n): as_hold(row) for row in connection.execute(query)}

    def change(self, holds: Sequence[Hold], event: Event) -> None:
        """A person gives tasks another owner or deadline, or proposes a release."""
        with self._database.write() as connection:
            for each in holds:
                connection.execute(update(hold).where(*is_task(each)).values(**task_row(each)))
            self._chain.append(connection, [event])


def is_task(each: Hold) -> tuple[Any, ...]:
    return hold.c.message_id == each.message_id, hold.c.n == each.n, hold.c.opened_at == each.opened_at


def task_row(each: Hold) -> dict[str, Any]:
    return asdict(each) | {"urgent": int(each.urgent), "ending": each.ending.value}


def as_hold(row: Row[Any]) -> Hold:
    values = dict(row._mapping)
    return Hold(**values | {"urgent": bool(row.urgent), "ending": Ending(row.ending)})
