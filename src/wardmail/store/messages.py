"""What people ask the store: which messages, what happened to them, what is held, what waits and for how long."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, update

from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.message_id import first_id_at
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.rows import because_in_words
from wardmail.store.schema import event, message, recipient

_WAITING = tuple(state.value for state in WAITING)
_ID_LENGTH = 18


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One recipient of one message, as lists show it."""

    message_id: str
    n: int
    received_at: float
    integration: str
    sender: str
    recipient: str
    state: str
    route: str
    sensitivity: int
    size: int
    attempts: int
    due_at: float | None
    urgent: bool
    why: str
    last_reply: str
    leased: bool


@dataclass(frozen=True, slots=True)
class DecidedLine:
    """One copy of a message as it was decided; `facts` as `policy.facts_codec` wrote them."""

    recipient: str
    facts: str
    outcome: str
    why: str
    policy: str
    at: float


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line of a message's history."""

    seq: int
    at: float
    kind: str
    actor: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """Any of these narrow the list, newest first; `text` is an address, a message ID or its beginning, `sent_by` a credential.

    `most_pressing`: the time-critical first, then the oldest, so that a limit never cuts off what waits longest.
    `after` is the message and row that an earlier list ended with, `after_urgent` whether that row was time-critical.
    """

    text: str = ""
    states: tuple[str, ...] = ()
    integration: str = ""
    domain: str = ""
    since: float = 0.0
    limit: int = 50
    after: tuple[str, int] | None = None
    after_urgent: bool = False
    most_pressing: bool = False
    sent_by: str = ""


class Messages:
    """Reads, and the few changes that people make by hand; each such change is an event with a name and a reason."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def search(self, wanted: Search) -> Sequence[MessageLine]:
        query = _lines()
        if wanted.since:
            query = query.where(message.c.id >= first_id_at(wanted.since))
        if wanted.text:
            text = wanted.text.strip()
            same_id = message.c.id == text.upper() if len(text) == _ID_LENGTH else _begins_with(text.upper())
            addresses = _as_stored(text)
            query = query.where(or_(same_id, recipient.c.address.in_(addresses), message.c.sender.in_(addresses)))
        if wanted.states:
            # As literals: by a parameter, or by IN, SQLite does not find the index of what is held.
            states = (literal(state, literal_execute=True) for state in wanted.states)
            query = query.where(or_(*(recipient.c.state == state for state in states)))
        owners = {message.c.integration_id: wanted.integration, message.c.username: wanted.sent_by}
        for column, value in {**owners, recipient.c.domain: wanted.domain}.items():
            query = query.where(column == value) if value else query
        if wanted.after is not None:
            query = query.where(_beyond(*wanted.after, pressing=wanted.after_urgent if wanted.most_pressing else None))
        order = (recipient.c.urgent.desc(), message.c.id) if wanted.most_pressing else (message.c.id.desc(),)
        with self._database.read() as connection:
            return [_line(row) for row in connection.execute(query.order_by(*order, recipient.c.n).limit(wanted.limit))]

    def decided(self, message_id: str) -> Sequence[DecidedLine]:
        """What each copy of one message was decided from, and what came of it then; our own reports have no facts."""
        query = (
            select(recipient, message.c.policy_version, message.c.received_at)
            .join(message, message.c.id == recipient.c.message_id)
            .where(message.c.id == message_id, recipient.c.facts != "")
            .order_by(recipient.c.n)
        )
        with self._database.read() as connection:
            return [
                DecidedLine(
                    row.address,
                    row.facts,
                    row.outcome,
                    because_in_words(row.because),
                    row.policy_version,
                    row.received_at,
                )
                for row in connection.execute(query)
            ]

    def exists(self, message_id: str) -> bool:
        with self._database.read() as connection:
            return connection.execute(select(message.c.id).where(message.c.id == message_id)).first() is not None

    def of_integration(self, integration: str, message_id: str, sent_by: str = "") -> bool:
        sender = (message.c.username == sent_by,) if sent_by else ()
        where = (message.c.id == message_id, message.c.integration_id == integration, *sender)
        with self._database.read() as connection:
            return connection.execute(select(message.c.id).where(*where)).first() is not None

    def history(self, message_id: str) -> Sequence[EventLine]:
        query = select(event).where(event.c.message_id == message_id).order_by(event.c.seq)
        with self._database.read() as connection:
            return [event_line(row) for row in connection.execute(query)]

    def audit(self, since_seq: int, limit: int) -> Sequence[EventLine]:
        query = select(event).where(event.c.seq > since_seq).order_by(event.c.seq).limit(limit)
        with self._database.read() as connection:
            return [event_line(row) for row in connection.execute(query)]

    def counts(self) -> dict[str, int]:
        """How many copies are in each state that still needs somebody, or just ended."""
        query = select(recipient.c.state, func.count()).group_by(recipient.c.state)
        with self._database.read() as connection:
            return {state: count for state, count in connection.execute(query)}

    def counts_since(self, since: float, most: int) -> tuple[dict[str, int], bool]:
        """By state, of the newest `most` copies that came in since then; and whether there were more."""
        newest = (
            select(recipient.c.state)
            .where(recipient.c.message_id >= first_id_at(since))
            .order_by(recipient.c.message_id.desc())
            .limit(most)
            .subquery()
        )
        query = select(newest.c.state, func.count()).group_by(newest.c.state)
        with self._database.read() as connection:
            counts = {state: count for state, count in connection.execute(query)}
        return counts, sum(counts.values()) >= most

    def ages(self, now: float) -> Sequence[tuple[str, float]]:
        """Domain and age in seconds of every waiting copy."""
        query = (
            select(recipient.c.domain, message.c.received_at)
            .join(message, message.c.id == recipient.c.message_id)
            .where(recipient.c.due_at.is_not(None))
        )
        with self._database.read() as connection:
            return [(domain, now - received_at) for domain, received_at in connection.execute(query)]

    def in_hand(self, message_ids: Sequence[str]) -> int:
        """How many copies of these messages a courier has in hand at this moment."""
        query = select(func.count()).where(
            recipient.c.message_id.in_(message_ids),
            recipient.c.state.in_(_WAITING),
            recipient.c.lease_owner.is_not(None),
            recipient.c.due_at > self._database.clock.now(),
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def hurry(self, message_ids: Sequence[str] | None, domain: str, actor: str) -> int:
        """Make waiting copies due now (all, or of these messages, or to this domain); returns how many."""
        where: list[ColumnElement[bool]] = [
            recipient.c.state.in_(_WAITING),
            recipient.c.due_at.is_not(None),
            recipient.c.lease_owner.is_(None),
        ]
        if message_ids is not None:
            where.append(recipient.c.message_id.in_(message_ids))
        if domain:
            where.append(recipient.c.domain == domain)
        now = self._database.clock.now()
        with self._database.write() as connection:
            changed = connection.execute(update(recipient).where(and_(*where)).values(due_at=now)).rowcount
            detail: dict[str, object] = {"domain": domain, "messages": list(message_ids or ()), "copies": changed}
            self._chain.append(connection, [Event("QueueFlushed", now, actor, None, "queue", detail)])
            return changed

    def change_state(
        self,
        message_ids: Sequence[str],
        *,
        to: RecipientState,
        actor: str,
        reason: str,
        only: Sequence[int] | None = None,
    ) -> Sequence[tuple[str, int]]:
        """Cancel or hold copies that wait; returns those that were changed. Two people cannot both win.

        `only`: these recipients, if they are held. What a courier has in hand is left alone: it may be sent already.
        """
        now = self._database.clock.now()
        at_rest = or_(recipient.c.lease_owner.is_(None), recipient.c.due_at <= now)
        where: list[ColumnElement[bool]] = [recipient.c.message_id.in_(message_ids)]
        if only is not None:
            where += [recipient.c.n.in_(only), recipient.c.state == RecipientState.HELD.value]
        elif to is RecipientState.CANCELLED:
            held = recipient.c.state == RecipientState.HELD.value
            where.append(or_(held, and_(recipient.c.state.in_(_WAITING), at_rest)))
        else:
            where += [recipient.c.state.in_(_WAITING), at_rest]
        statement = (
            update(recipient)
            .where(*where)
            .values(state=to.value, due_at=None, lease_owner=None, updated_at=now, last_reply=f"{to.value}: {reason}")
            .returning(recipient.c.message_id, recipient.c.n)
        )
        kind = {RecipientState.CANCELLED: "RecipientCancelled", RecipientState.HELD: "RecipientHeld"}[to]
        with self._database.write() as connection:
            changed = [(row.message_id, row.n) for row in connection.execute(statement)]
            events = [Event(kind, now, actor, of, f"recipient {n}", {"n": n, "reason": reason}) for of, n in changed]
            self._chain.append(connection, events)
            return changed


def _begins_with(text: str) -> ColumnElement[bool]:
    return message.c.id.startswith(text, autoescape=True)


def _beyond(last: str, n: int, *, pressing: bool | None) -> ColumnElement[bool]:
    if pressing is None:
        return or_(message.c.id < last, and_(message.c.id == last, recipient.c.n > n))
    later = or_(message.c.id > last, and_(message.c.id == last, recipient.c.n > n))
    return or_(recipient.c.urgent < int(pressing), and_(recipient.c.urgent == int(pressing), later))


def _as_stored(typed: str) -> set[str]:
    """An address as people paste it (`<a@B.example>`, `mailto:…`), in the forms in which it may be stored."""
    plain = typed.strip("<> ").removeprefix("mailto:")
    local, _, domain = plain.rpartition("@")
    return {f"{local}@{domain.lower()}", plain.lower()} if local else {plain}


def _lines() -> Select[Any]:
    return select(recipient, message).join(message, message.c.id == recipient.c.message_id)


def _line(row: Row[Any]) -> MessageLine:
    return MessageLine(
        message_id=row.message_id,
        n=row.n,
        received_at=row.received_at,
        integration=row.integration_id,
        sender=row.sender or "<>",
        recipient=row.address,
        state=row.state,
        route=row.route or "",
        sensitivity=row.sensitivity,
        size=row.size,
        attempts=row.attempts,
        due_at=row.due_at,
        urgent=bool(row.urgent),
        why=because_in_words(row.because),
        last_reply=row.last_reply,
        leased=row.lease_owner is not None,
    )


def event_line(row: Row[Any]) -> EventLine:
    return EventLine(row.seq, row.at, row.kind, row.actor, row.subject, json.loads(row.detail))
