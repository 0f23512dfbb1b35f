"""Legal holds: who asked for what to be kept, and why; and which messages they keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, or_, select, true, update

from wardmail.model.retention import LegalHold
from wardmail.model.stored import Event
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema import message, recipient
from wardmail.store.schema_of_inbound import arrival
from wardmail.store.schema_of_keeping import legal_hold


class StoreLegalHolds:
    """A hold counts from the moment at which it is committed; both its ends are events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def all(self) -> Sequence[LegalHold]:
        with self._database.read() as connection:
            texts = connection.execute(select(legal_hold.c.record).order_by(legal_hold.c.number)).scalars()
            return [records.decode(LegalHold, text) for text in texts]

    def place(self, wanted: LegalHold) -> LegalHold:
        """`wanted` without its number, which it is given here."""
        with self._database.write() as connection:
            number = (connection.execute(select(func.max(legal_hold.c.number))).scalar_one() or 0) + 1
            placed = replace(wanted, number=number)
            connection.execute(legal_hold.insert().values(number=number, record=records.encode(placed)))
            self._note(connection, placed, "LegalHoldPlaced")
        return placed

    def lift(self, number: int, actor: str, at: float, reason: str) -> LegalHold | None:
        """None when there is no such hold, or it was lifted before."""
        query = select(legal_hold.c.record).where(legal_hold.c.number == number, legal_hold.c.lifted_at.is_(None))
        with self._database.write() as connection:
            text = connection.execute(query).scalar_one_or_none()
            if text is None:
                return None
            lifted = replace(records.decode(LegalHold, text), lifted_at=at, lifted_by=actor, lifted_because=reason)
            values = {"record": records.encode(lifted), "lifted_at": at}
            connection.execute(update(legal_hold).where(legal_hold.c.number == number).values(**values))
            self._note(connection, lifted, "LegalHoldLifted")
        return lifted

    def kept(self, hold: LegalHold) -> int:
        """How many messages that still have content fit a hold."""
        total = 0
        with self._database.read() as connection:
            for table, fits in ((message, _fits(hold)), (arrival, _fits_arrival(hold))):
                query = select(func.count()).select_from(table).where(table.c.data_key.is_not(None), fits)
                total += int(connection.execute(query).scalar_one())
        return total

    def _note(self, connection: Connection, hold: LegalHold, kind: str) -> None:
        if hold.lifted_at is None:
            at, actor, reason = hold.placed_at, hold.placed_by, hold.reason
        else:
            at, actor, reason = hold.lifted_at, hold.lifted_by, hold.lifted_because
        detail: dict[str, object] = {"reason": reason, "message": hold.message_id, "integration": hold.integration}
        # No address here: the audit outlives what it tells about.
        detail |= {"recipient": hold.recipient.rpartition("@")[2], "since": hold.since, "until": hold.until}
        event = Event(kind, at, actor, hold.message_id or None, f"legal hold {hold.number}", detail)
        self._chain.append(connection, [event])


def under_a_hold(connection: Connection) -> ColumnElement[bool] | None:
    """Of a message row, whether a hold keeps it; None when there is no hold. As of this transaction."""
    fitting = [_fits(each) for each in _in_force(connection)]
    return or_(*fitting) if fitting else None


def arrivals_under_a_hold(connection: Connection) -> ColumnElement[bool] | None:
    """The same of a row of what came in: there a hold's recipient may also be who wrote."""
    fitting = [_fits_arrival(each) for each in _in_force(connection)]
    return or_(*fitting) if fitting else None


def _in_force(connection: Connection) -> list[LegalHold]:
    texts = connection.execute(select(legal_hold.c.record).where(legal_hold.c.lifted_at.is_(None))).scalars()
    return [records.decode(LegalHold, text) for text in texts]


def _fits(hold: LegalHold) -> ColumnElement[bool]:
    return and_(*_common_parts(hold, message), *([_goes_to(hold.recipient)] if hold.recipient else []))


def _fits_arrival(hold: LegalHold) -> ColumnElement[bool]:
    parts = _common_parts(hold, arrival)
    if hold.recipient:
        text = hold.recipient.lower()
        to = func.lower(arrival.c.recipients).contains(text + '"', autoescape=True)
        parts.append(or_(to, func.lower(arrival.c.sender).endswith(text, autoescape=True)))
    return and_(*parts)


def _common_parts(hold: LegalHold, table: Table) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = [true()]
    if hold.message_id:
        parts.append(table.c.id == hold.message_id)
    if hold.integration:
        parts.append(table.c.integration_id == hold.integration)
    if hold.since is not None:
        parts.append(table.c.received_at >= hold.since)
    if hold.until is not None:
        parts.append(table.c.received_at < hold.until)
    return parts


def _goes_to(text: str) -> ColumnElement[bool]:
    """A local part is compared without regard to case: a hold had rather keep too much."""
    _, _, domain = text.rpartition("@")
    whom = recipient.c.domain == domain.lower()
    if not text.startswith("@"):
        whom = and_(whom, func.lower(recipient.c.address) == text.lower())
    return exists(select(recipient.c.n).where(recipient.c.message_id == message.c.id, whom))
