"""Sharing agreements and the risk appetite; both are part of the register's snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.agreement import Agreement, RiskAppetite
from wardmail.model.register import Change
from wardmail.model.stored import Event
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.register_version import moved_on
from wardmail.store.schema import agreement, risk_appetite

T = TypeVar("T")


class StoreAgreements:
    """Every change is an event in the audit, and is followed by every process within a second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def all(self) -> Mapping[str, Agreement]:
        with self._database.read() as connection:
            return all_agreements(connection)

    def statements(self) -> tuple[RiskAppetite, ...]:
        with self._database.read() as connection:
            return all_statements(connection)

    def save(self, record: Agreement, kind: str, actor: str, reason: str) -> None:
        """`kind` is the event's: AgreementMade, AgreementSigned, AgreementEnded."""
        values = {"id": record.id, "record": records.encode(record), "updated_at": self._database.clock.now()}
        self._save(
            agreement, values, Event(kind, 0.0, actor, None, record.id, {"reason": reason, "partner": record.partner})
        )

    def change(self, step: Callable[[Mapping[str, Agreement]], T], made: Change) -> T | Agreement:
        """In one transaction with the reading that it is made from: of two who sign at once, both count."""
        with self._database.write() as connection:
            after = step(all_agreements(connection))
            if isinstance(after, Agreement):
                values = {"id": after.id, "record": records.encode(after), "updated_at": self._database.clock.now()}
                detail: dict[str, object] = {"reason": made.reason, "partner": after.partner}
                self._put(connection, agreement, values, Event(made.kind, 0.0, made.actor, None, after.id, detail))
            return after

    def save_statement(self, record: RiskAppetite, kind: str, actor: str, reason: str) -> None:
        """`kind` is the event's: RiskAppetiteStated, RiskAppetiteApproved, RiskAppetiteWithdrawn."""
        values = {"number": record.number, "record": records.encode(record)}
        detail: dict[str, object] = {"reason": reason, "level": record.level.value}
        self._save(risk_appetite, values, Event(kind, 0.0, actor, None, f"statement {record.number}", detail))

    def _save(self, table: Table, values: dict[str, object], event: Event) -> None:
        with self._database.write() as connection:
            self._put(connection, table, values, event)

    def _put(self, connection: Connection, table: Table, values: dict[str, object], event: Event) -> None:
        key = next(iter(table.primary_key.columns)).name
        statement = self._insert(table).values(**values)
        others = {name: value for name, value in values.items() if name != key}
        dated = Event(event.kind, self._database.clock.now(), event.actor, None, event.subject, event.detail)
        connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=others))
        moved_on(connection, self._database)
        self._chain.append(connection, [dated])


def all_agreements(connection: Connection) -> dict[str, Agreement]:
    texts = connection.execute(select(agreement.c.record).order_by(agreement.c.id)).scalars()
    return {each.id: each for each in (records.decode(Agreement, text) for text in texts)}


def all_statements(connection: Connection) -> tuple[RiskAppetite, ...]:
    texts = connection.execute(select(risk_appetite.c.record).order_by(risk_appetite.c.number)).scalars()
    return tuple(records.decode(RiskAppetite, text) for text in texts)
