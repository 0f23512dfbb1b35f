"""Reads figures about mail that came in, for evidence and subject access: counts, decisions and addresses, never bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from wardmail.model.evidence import MOST_EVENTS, Count, InboundDecision, Period, SubjectLine
from wardmail.model.message_id import first_id_at
from wardmail.store.arrivals import JUDGEMENT
from wardmail.store.connection import Database
from wardmail.store.schema import content, event
from wardmail.store.schema_of_inbound import arrival

DECISIONS = (
    *("QuarantineReleaseProposed", "QuarantineReleased", "QuarantineReleaseBarred", "QuarantineDeleted"),
    *("QuarantineExpired", "DeadLetterRedriven", "MailReplayed", "MailRejected"),
)
"""What people, applications and the clock decided about mail that had come in."""

Open = Callable[[str, bytes], bytes]
"""Opens the sealed judgement of one arrival."""


class ArrivalEvidence:
    """Blocking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def arrivals(self, period: Period) -> Sequence[Count]:
        """By integration, what was found best to do, and state."""
        words = (arrival.c.integration_id, arrival.c.action, arrival.c.state)
        query = (
            select(*words, func.count())
            .where(arrival.c.id >= first_id_at(period.since), arrival.c.id < first_id_at(period.until))
            .group_by(*words)
            .order_by(func.count().desc(), *words)
        )
        with self._database.read() as connection:
            return [Count(tuple(map(str, row[:-1])), row[-1]) for row in connection.execute(query)]

    def decisions(self, period: Period, limit: int = MOST_EVENTS) -> Sequence[InboundDecision]:
        """The newest of a period, oldest first."""
        query = (
            select(event.c.at, event.c.kind, event.c.actor, event.c.message_id, event.c.detail)
            .where(event.c.at >= period.since, event.c.at < period.until, event.c.kind.in_(DECISIONS))
            .order_by(event.c.seq.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                InboundDecision(
                    row.at, row.kind, row.actor, row.message_id, json.loads(row.detail).get("proposed_by") or ""
                )
                for row in connection.execute(query)
            ][::-1]

    def about(self, address: str, since: float, limit: int = 10_000) -> Sequence[SubjectLine]:
        """What came in from or for one address by its envelope, newest first. It reads every row of the time."""
        same = address.lower()
        to = func.lower(arrival.c.recipients).contains(json.dumps(same, ensure_ascii=False), autoescape=True)
        query = (
            select(arrival)
            .where(arrival.c.id >= first_id_at(since), or_(func.lower(arrival.c.sender) == same, to))
            .order_by(arrival.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_line(row, same, row.sender.lower() == same) for row in connection.execute(query)]

    def written_by(self, address: str, since: float, open_sealed: Open) -> Iterator[SubjectLine]:
        """What came in with the address in From, newest first: collected mail has no envelope, and an envelope may differ.

        Who wrote it is sealed with the content, and is known only for as long as that is kept.
        Each one of the time is opened: seconds for ten thousands.
        """
        same = address.lower()
        query = (
            select(arrival, content.c.head)
            .join(content, and_(content.c.message_id == arrival.c.id, content.c.variant == JUDGEMENT))
            .where(arrival.c.id >= first_id_at(since))
            .order_by(arrival.c.id.desc())
        )
        with self._database.read() as connection:
            for row in connection.execution_options(yield_per=500).execute(query):
                judgement = json.loads(open_sealed(row.id, bytes(row.head)))
                if same in (each.lower() for each in judgement["sender"]["authors"]):
                    yield _line(row, same, True)

    def out_of_reach(self, since: float) -> int:
        """How many arrivals have no judgement that says who wrote them: its term has ended, or it is not judged yet."""
        sealed = select(content.c.message_id).where(content.c.variant == JUDGEMENT)
        query = select(func.count()).where(arrival.c.id >= first_id_at(since), arrival.c.id.not_in(sealed))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())


def _line(row: Any, same: str, is_author: bool) -> SubjectLine:
    recipients = json.loads(row.recipients)
    others = ", ".join(each for each in recipients if each.lower() != same)
    return SubjectLine(
        row.id,
        row.received_at,
        row.integration_id,
        "came in from the person" if is_author else "came in for the person",
        (others or row.source) if is_author else (row.sender or "<>"),
        row.state,
        None,
        row.size,
        row.data_key is not None,
    )
