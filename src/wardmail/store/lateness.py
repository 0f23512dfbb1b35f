"""Recipients that wait too long: whose time is up, and whose sender is owed a notice."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select, update

from wardmail.model.delivery import WAITING
from wardmail.model.stored import LateRecipient
from wardmail.store.connection import Database
from wardmail.store.schema import message, recipient

_WAITING = tuple(state.value for state in WAITING)


def late_recipients(database: Database, now: float, limit: int) -> Sequence[LateRecipient]:
    # What a courier has on its desk is left alone: it may be delivered this very second.
    at_rest = or_(recipient.c.lease_owner.is_(None), recipient.c.due_at <= now)
    waiting = and_(recipient.c.due_at.is_not(None), recipient.c.state.in_(_WAITING), at_rest)
    expired = message.c.expires_at <= now
    query = (
        select(recipient.c.message_id, recipient.c.n, message.c.expires_at)
        .join(message, message.c.id == recipient.c.message_id)
        .where(waiting, or_(recipient.c.notice_at <= now, expired))
        .limit(limit)
    )
    with database.read() as connection:
        return [LateRecipient(row.message_id, row.n, row.expires_at <= now) for row in connection.execute(query)]


def notice_from(released_at: float) -> ColumnElement[float]:
    """As long after the release as it would have been after the arrival; NULL stays NULL."""
    received_at = select(message.c.received_at).where(message.c.id == recipient.c.message_id).scalar_subquery()
    return released_at + (recipient.c.notice_at - received_at)


def clear_notice(keys: Sequence[tuple[str, int]], connection: Connection) -> None:
    statement = update(recipient).where(recipient.c.message_id == bindparam("of"), recipient.c.n == bindparam("index"))
    connection.execute(statement.values(notice_at=None), [{"of": of, "index": index} for of, index in keys])
