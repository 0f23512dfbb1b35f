"""Sources and handovers: records that people change, as the rest of the register."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.arrival import ArrivalState
from wardmail.model.handover import Handover, HandoverKind
from wardmail.model.source import Source
from wardmail.model.stored import Event
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.register_version import moved_on
from wardmail.store.schema_of_inbound import arrival, handover, source


class StoreSources:
    """Blocking. Every change is an event in the audit with who and why, and moves the register's version on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def save_source(
        self, record: Source, actor: str, reason: str, problem: Callable[[Mapping[str, Source]], str] = lambda _: ""
    ) -> str:
        """`problem` looks at all sources in the transaction of the change: two people cannot both take one account.

        Empty when it was saved, else what `problem` said.
        """
        with self._database.write() as connection:
            texts = connection.execute(select(source.c.record)).scalars()
            others = {each.name: each for each in (records.decode(Source, text) for text in texts)}
            wrong = problem(others)
            if wrong:
                return wrong
            self._put(connection, source, "name", record.name, record)
            self._changed(connection, "SourceSaved", f"source {record.name}", actor, {"reason": reason} | _told(record))
        return ""

    def pause_source(self, name: str, paused: bool, actor: str, reason: str) -> bool:
        """Nothing else of it is touched, whoever changes it meanwhile. False when there is no such source."""
        with self._database.write() as connection:
            text = connection.execute(select(source.c.record).where(source.c.name == name)).scalar()
            if text is None:
                return False
            record = records.decode(Source, text).with_pause(paused)
            self._put(connection, source, "name", name, record)
            kind = "SourcePaused" if paused else "SourceResumed"
            self._changed(connection, kind, f"source {name}", actor, {"reason": reason})
            return True

    def remove_source(self, name: str, actor: str, reason: str) -> bool:
        with self._database.write() as connection:
            gone = connection.execute(delete(source).where(source.c.name == name)).rowcount > 0
            if gone:
                self._changed(connection, "SourceRemoved", f"source {name}", actor, {"reason": reason})
            return gone

    def save_handover(self, record: Handover, actor: str, reason: str) -> None:
        with self._database.write() as connection:
            self._put(connection, handover, "integration_id", record.integration, record)
            if record.kind is not HandoverKind.PULL:
                self._make_due(connection, record.integration)
            subject = f"handover {record.integration}"
            self._changed(connection, "HandoverSaved", subject, actor, {"reason": reason} | _told(record))

    def remove_handover(self, integration: str, actor: str, reason: str) -> bool:
        with self._database.write() as connection:
            gone = connection.execute(delete(handover).where(handover.c.integration_id == integration)).rowcount > 0
            if gone:
                self._changed(connection, "HandoverRemoved", f"handover {integration}", actor, {"reason": reason})
            return gone

    def _make_due(self, connection: Connection, integration: str) -> None:
        """What waited to be collected is pushed from now on."""
        waits = (
            arrival.c.integration_id == integration,
            arrival.c.state == ArrivalState.HANDING_OVER.value,
            arrival.c.due_at.is_(None),
        )
        connection.execute(update(arrival).where(*waits).values(due_at=self._database.clock.now()))

    def _put(self, connection: Connection, table: Table, key: str, name: str, record: object) -> None:
        values = {key: name, "record": records.encode(record), "updated_at": self._database.clock.now()}
        statement = self._insert(table).values(**values)
        changed = {"record": statement.excluded.record, "updated_at": statement.excluded.updated_at}
        connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed))

    def _changed(self, connection: Connection, kind: str, subject: str, actor: str, detail: dict[str, object]) -> None:
        moved_on(connection, self._database)
        self._chain.append(connection, [Event(kind, self._database.clock.now(), actor, None, subject, detail)])


def _told(record: object) -> dict[str, Any]:
    plain: dict[str, Any] = records.to_plain(record)
    return plain
