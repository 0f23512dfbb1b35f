"""Reads figures for evidence out of the store: counts, times and connections, never content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from wardmail.model.evidence import MOST_EVENTS, ClosedHold, Count, Link, OpenHold, Period, SubjectLine
from wardmail.model.message_id import first_id_at
from wardmail.store.connection import Database
from wardmail.store.schema import content, event, message, recipient
from wardmail.store.schema_of_holds import hold


class StoreEvidence:
    def __init__(self, database: Database) -> None:
        self._database = database

    def outcomes(self, period: Period) -> Sequence[Count]:
        """Copies by integration, classification, outcome and state."""
        words = (message.c.integration_id, message.c.sensitivity, recipient.c.outcome, recipient.c.state)
        return self._counts(period, words)

    def destinations(self, period: Period) -> Sequence[Count]:
        """Sensitive copies by domain and state, most first: what no longer goes by fax and post (SHARE-18)."""
        return self._counts(period, (recipient.c.domain, recipient.c.state), message.c.sensitivity >= 2)

    def protections(self, period: Period) -> Sequence[Count]:
        """Copies by the TLS that was required and what protected them besides."""
        return self._counts(period, (recipient.c.tls, recipient.c.protections))

    def refusals(self, period: Period) -> Sequence[Count]:
        """Refused submissions by our own code."""
        query = select(event.c.detail).where(
            event.c.kind == "SubmissionRefused", event.c.at >= period.since, event.c.at < period.until
        )
        found: dict[str, int] = {}
        with self._database.read() as connection:
            for detail in connection.execution_options(yield_per=2000).execute(query).scalars():
                error = str(json.loads(detail).get("error", ""))
                found[error] = found.get(error, 0) + 1
        return [Count((error,), copies) for error, copies in sorted(found.items(), key=lambda pair: -pair[1])]

    def closed_holds(self, period: Period) -> Sequence[ClosedHold]:
        query = select(hold.c.urgent, hold.c.closed_as, hold.c.closed_at - hold.c.opened_at).where(
            hold.c.closed_at >= period.since, hold.c.closed_at < period.until
        )
        with self._database.read() as connection:
            return [
                ClosedHold(bool(urgent), closed_as, seconds) for urgent, closed_as, seconds in connection.execute(query)
            ]

    def open_holds(self) -> Sequence[OpenHold]:
        query = select(hold.c.urgent, hold.c.opened_at, hold.c.deadline).where(hold.c.closed_at.is_(None))
        with self._database.read() as connection:
            return [OpenHold(bool(row.urgent), row.opened_at, row.deadline) for row in connection.execute(query)]

    def links(self, routes: Sequence[str]) -> Sequence[Link]:
        """The last connection of each route that took a message."""
        with self._database.read() as connection:
            found = (_last_link(connection, route) for route in routes)
            return [link for link in found if link is not None]

    def events(self, period: Period, kinds: Sequence[str] = (), limit: int = MOST_EVENTS) -> Sequence[dict[str, Any]]:
        """The newest of a period, oldest first; `kinds` empty: all that concern records and people, not single messages."""
        wanted = event.c.kind.in_(kinds) if kinds else event.c.message_id.is_(None)
        query = (
            select(event)
            .where(event.c.at >= period.since, event.c.at < period.until, wanted)
            .order_by(event.c.seq.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query)][::-1]

    def about(self, address: str, since: float, limit: int = 10_000) -> Sequence[SubjectLine]:
        """Every copy to or from one address, in whatever case it was written, newest first. It reads every row."""
        same = address.lower()
        kept = select(content.c.message_id).where(content.c.message_id == message.c.id).limit(1).scalar_subquery()
        query = (
            select(message, recipient.c.address, recipient.c.state, kept.label("kept"))
            .join(recipient, message.c.id == recipient.c.message_id)
            .where(
                message.c.id >= first_id_at(since),
                or_(func.lower(recipient.c.address) == same, func.lower(message.c.sender) == same),
            )
            .order_by(message.c.id.desc(), recipient.c.n)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_subject_line(row, same) for row in connection.execute(query)]

    def _counts(self, period: Period, words: tuple[Any, ...], *more: Any) -> Sequence[Count]:
        query = (
            select(*words, func.count().label("copies"))
            .select_from(recipient.join(message, message.c.id == recipient.c.message_id))
            .where(
                and_(
                    message.c.id >= first_id_at(period.since),
                    message.c.id < first_id_at(period.until),
                    message.c.via.not_in(("report", "notice")),
                    *more,
                )
            )
            .group_by(*words)
            .order_by(func.count().desc())
        )
        with self._database.read() as connection:
            return [Count(tuple(map(str, row[:-1])), row[-1]) for row in connection.execute(query)]


def _last_link(connection: Any, route: str) -> Link | None:
    """By the newest messages of the route: the event of an attempt names its message, and not its route."""
    newest = (
        select(recipient.c.message_id)
        .where(recipient.c.route == route, recipient.c.state.in_(("delivered", "relayed")))
        .order_by(recipient.c.updated_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(event.c.at, event.c.detail).where(event.c.message_id == newest, event.c.kind == "AttemptMade")
    row = connection.execute(query.order_by(event.c.seq.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    detail = json.loads(row.detail)
    _, _, version, cipher = detail["tls"]
    return Link(route, detail["host"], version, cipher, detail["proof"], row.at)


def _subject_line(row: Any, same: str) -> SubjectLine:
    received = row.address.lower() == same
    return SubjectLine(
        row.id,
        row.received_at,
        row.integration_id,
        "to the person" if received else "from the person",
        (row.sender or "<>") if received else row.address,
        row.state,
        row.sensitivity,
        row.size,
        row.kept is not None,
    )
