"""What people ask about mail that came in: which, in what state, and whether every message of a day is accounted for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, func, literal_column, select

from wardmail.model.arrival import NEEDED, RECEIPTED, Arrival, ArrivalState, DayCount, SeenItem
from wardmail.model.message_id import first_id_at, ids_that_begin
from wardmail.store.arrival_rows import as_arrival, as_seen
from wardmail.store.clues import rarest_first
from wardmail.store.connection import Database
from wardmail.store.schema_of_inbound import arrival, mailbox, seen
from wardmail.store.schema_of_search import arrival_address, arrival_clue

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ArrivalSearch:
    """Any of these narrow the list, newest first; `text` is an address, an ID, or the beginning of one.

    `clues` are sets of which an arrival has all of one, besides what is found by `text` (see `ports.Blinder`).
    `after` is the arrival that an earlier list ended with.
    """

    text: str = ""
    states: tuple[ArrivalState, ...] = ()
    integration: str = ""
    source: str = ""
    since: float = 0.0
    limit: int = 50
    after: str = ""
    clues: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """How collecting from one mailbox goes. `problem` empty: well."""

    source: str
    looked_at: float | None
    problem: str
    left_upstream: int


class Inbox:
    """Reads. Blocking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, wanted: ArrivalSearch) -> Sequence[Arrival]:
        """By the text and by clues are queries of their own, because no index serves both at once."""
        narrow = _conditions(wanted)
        with self._database.read() as connection:
            queries = [
                _by_text(wanted.text, narrow),
                *(_by_clues(each, narrow) for each in _findable(connection, wanted.clues)),
            ]
            rows = [row for query in queries for row in connection.execute(query.limit(wanted.limit))]
        found = {row.id: as_arrival(row) for row in rows}
        return [found[each] for each in sorted(found, reverse=True)][: wanted.limit]

    def counts(self) -> dict[str, int]:
        """How many arrivals are in each state that somebody has to do something about."""
        needed = arrival.c.state.in_([state.value for state in NEEDED])
        query = select(arrival.c.state, func.count()).where(needed).group_by(arrival.c.state)
        with self._database.read() as connection:
            return {state: count for state, count in connection.execute(query)}

    def mailboxes(self) -> dict[str, MailboxLine]:
        left = select(seen.c.source, func.count()).where(seen.c.settled_at.is_(None)).group_by(seen.c.source)
        with self._database.read() as connection:
            waiting = {source: count for source, count in connection.execute(left)}
            rows = connection.execute(select(mailbox)).all()
        return {
            row.source: MailboxLine(row.source, row.looked_at, row.problem, waiting.get(row.source, 0)) for row in rows
        }

    def problems(self, source: str, limit: int = 1000) -> Sequence[SeenItem]:
        """Messages that could not be collected; their copies lie upstream."""
        query = select(seen).where(seen.c.source == source, seen.c.problem != "").order_by(seen.c.first_seen_at)
        with self._database.read() as connection:
            return [as_seen(row) for row in connection.execute(query.limit(limit))]

    def known_keys(self, source: str) -> frozenset[str]:
        with self._database.read() as connection:
            return frozenset(connection.execute(select(seen.c.key).where(seen.c.source == source)).scalars())

    def days(self, source: str, *, collected: bool, since: float) -> Sequence[DayCount]:
        """By day of UTC, the newest first. What was collected is counted by what lay in the mailbox."""
        with self._database.read() as connection:
            rows = _collected_days(connection, source, since) if collected else _brought_days(connection, source, since)
        return [_day_count(source, row) for row in rows]


def _findable(connection: Connection, alternatives: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Those that lead to anything, each with the rarest clue first."""
    for clues in alternatives:
        counts = rarest_first(connection, clues, arrival_clue)
        if counts:
            yield tuple(counts)


def _by_clues(clues: tuple[int, ...], narrow: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The first of them leads, in the order of whose index they come; the others are looked up for each arrival."""
    query = select(arrival).join(arrival_clue, arrival_clue.c.message_id == arrival.c.id)
    for number, each in enumerate(clues[1:]):
        its = arrival_clue.alias(f"clue_{number}")
        query = query.where(exists(select(its.c.clue).where(its.c.clue == each, its.c.message_id == arrival.c.id)))
    order = arrival_clue.c.message_id.desc()
    return query.where(arrival_clue.c.clue == clues[0], *narrow).order_by(order)


def _by_text(typed: str, narrow: Sequence[ColumnElement[bool]]) -> Select[Any]:
    # What a terminal could not decode comes as surrogates, which no database takes.
    text = typed.encode("utf-8", "replace").decode().strip()
    query = select(arrival).where(*narrow)
    if "@" in text:
        # In the order of the addresses' own index, so that who writes much is found as quickly.
        its = arrival_address.c.address == text.strip("<> ").lower()
        joined = query.join(arrival_address, arrival_address.c.arrival_id == arrival.c.id)
        return joined.where(its).order_by(arrival_address.c.arrival_id.desc())
    if text:
        query = query.where(arrival.c.id.between(*ids_that_begin(text.upper())))
    return query.order_by(arrival.c.id.desc())


def _conditions(wanted: ArrivalSearch) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(arrival.c.state.in_([state.value for state in wanted.states]))
    if wanted.integration:
        found.append(arrival.c.integration_id == wanted.integration)
    if wanted.source:
        found.append(arrival.c.source == wanted.source)
    if wanted.after:
        found.append(arrival.c.id < wanted.after)
    if wanted.since:
        found.append(arrival.c.id >= first_id_at(wanted.since))
    return found


def _sums(known: ColumnElement[bool], problem: ColumnElement[bool]) -> list[Any]:
    """Every message is in one of these, or in none: then it is unaccounted for."""
    state = arrival.c.state
    waiting = [ArrivalState.RECEIVED.value, ArrivalState.HANDING_OVER.value, ArrivalState.DEAD_LETTER.value]
    ended = [ArrivalState.REFUSED.value, ArrivalState.REJECTED.value, ArrivalState.EXPIRED.value]
    parts = (
        and_(known, state.in_([each.value for each in RECEIPTED])),
        and_(known, state.in_(waiting)),
        and_(known, state == ArrivalState.QUARANTINED.value),
        and_(known, state.in_(ended)),
        problem,
    )
    return [func.sum(case((part, 1), else_=0)) for part in parts]


def _collected_days(connection: Connection, source: str, since: float) -> Sequence[Row[Any]]:
    day = func.floor(seen.c.first_seen_at / literal_column(f"{_DAY}.0"))
    known, problem = arrival.c.id.is_not(None), and_(seen.c.problem != "", arrival.c.id.is_(None))
    query = (
        select(day, func.count(), *_sums(known, problem))
        .select_from(seen.outerjoin(arrival, arrival.c.id == seen.c.arrival_id))
        .where(seen.c.source == source, seen.c.first_seen_at >= since)
        .group_by(day)
        .order_by(day.desc())
    )
    return connection.execute(query).all()


def _brought_days(connection: Connection, source: str, since: float) -> Sequence[Row[Any]]:
    day = func.floor(arrival.c.received_at / literal_column(f"{_DAY}.0"))
    query = (
        select(day, func.count(), *_sums(arrival.c.id.is_not(None), arrival.c.id.is_(None)))
        .where(arrival.c.source == source, arrival.c.received_at >= since)
        .group_by(day)
        .order_by(day.desc())
    )
    return connection.execute(query).all()


def _day_count(source: str, row: Row[Any]) -> DayCount:
    day, came, receipted, waiting, quarantined, ended, problems = (int(part or 0) for part in row)
    date = datetime.fromtimestamp(day * _DAY, UTC).date().isoformat()
    unaccounted = came - receipted - waiting - quarantined - ended - problems
    return DayCount(source, date, came, receipted, waiting, quarantined, ended, problems, unaccounted)
