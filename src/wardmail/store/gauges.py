"""How much waits in the store, and for how long: a few reads of partial indexes, however much else is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, Table, func, select

from wardmail.model.arrival import NEEDED
from wardmail.model.route import TlsLevel
from wardmail.store.connection import Database
from wardmail.store.schema import message, recipient
from wardmail.store.schema_of_holds import hold, webhook_message
from wardmail.store.schema_of_inbound import arrival
from wardmail.store.schema_of_programs import webhook_telling


@dataclass(frozen=True, slots=True)
class Pile:
    """How many, and when the oldest began to wait (seconds since the epoch)."""

    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class StoreGauges:
    """`queue` by state and the TLS that is needed; `holds` by whether time presses; `arrivals` by state."""

    queue: Mapping[tuple[str, TlsLevel], Pile]
    holds: Mapping[bool, Pile]
    arrivals: Mapping[str, Pile]
    webhooks: Mapping[str, Pile]


def read_gauges(database: Database) -> StoreGauges:
    """Blocking. One snapshot."""
    with database.read() as connection:
        return StoreGauges(
            queue=_queue(connection),
            holds={bool(row[0]): Pile(row[1], row[2]) for row in connection.execute(held())},
            arrivals={row[0]: Pile(row[1], row[2]) for row in connection.execute(arrived())},
            webhooks={
                name: Pile(row[0], row[1])
                for name, table in (("integration", webhook_telling), ("alert", webhook_message))
                for row in connection.execute(webhooks_waiting(table))
                if row[0]
            },
        )


def waiting() -> Select[str, int, int, str]:
    """IDs of messages rise with time, so the least is the oldest."""
    return (
        select(recipient.c.state, recipient.c.tls, func.count(), func.min(recipient.c.message_id))
        .where(recipient.c.due_at.is_not(None))
        .group_by(recipient.c.state, recipient.c.tls)
    )


def held() -> Select[int, int, float]:
    return (
        select(hold.c.urgent, func.count(), func.min(hold.c.opened_at))
        .where(hold.c.closed_at.is_(None))
        .group_by(hold.c.urgent)
    )


def arrived() -> Select[str, int, float]:
    return (
        select(arrival.c.state, func.count(), func.min(arrival.c.received_at))
        .where(arrival.c.state.in_([each.value for each in NEEDED]))
        .group_by(arrival.c.state)
    )


def webhooks_waiting(table: Table) -> Select[int, float]:
    return select(func.count(), func.min(table.c.created_at)).where(table.c.due_at.is_not(None))


def _queue(connection: Connection) -> Mapping[tuple[str, TlsLevel], Pile]:
    rows = connection.execute(waiting()).all()
    oldest = _received_at(connection, [row[3] for row in rows])
    return {(row[0], TlsLevel(row[1])): Pile(row[2], oldest[row[3]]) for row in rows if row[3] in oldest}


def _received_at(connection: Connection, ids: Sequence[str]) -> Mapping[str, float]:
    query = select(message.c.id, message.c.received_at).where(message.c.id.in_(ids))
    return {row.id: row.received_at for row in connection.execute(query)}
