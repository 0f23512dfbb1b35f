"""What people ask the store: which messages, what happened to them, what is held, what waits and for how long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.clues import MANY, rarest_first
from wardmail.store.connection import Database
from wardmail.store.rows import because_in_words
from wardmail.store.schema import event, message, recipient
from wardmail.store.search import Search as Search  # noqa: PLC0414 (who asks for messages finds it here)
from wardmail.store.search import Way, has_an_index, query_of, ways_of

_WAITING = tuple(state.value for state in WAITING)


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


class Messages:
    """Reads, and the few changes that people make by hand; each such change is an event with a name and a reason."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def search(self, wanted: Search) -> Sequence[MessageLine]:
        """Each way to find by the text is a query of its own, because no index serves two of them at once."""
        found: dict[tuple[str, int], MessageLine] = {}
        with self._database.read() as connection:
            for way in (*ways_of(wanted), *_ways_by_clues(connection, wanted)):
                for line in map(_line, connection.execute(query_of(wanted, way))):
                    found[line.message_id, line.n] = line
        lines = sorted(found.values(), key=lambda line: line.n)
        if wanted.most_pressing:
            lines.sort(key=lambda line: (not line.urgent, line.message_id))
        else:
            lines.sort(key=lambda line: line.message_id, reverse=True)
        return lines[: wanted.limit]

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

        `only`: these recipients, if they are held, and no others: whoever runs the queue does not decide about holds.
        What a courier has in hand is left alone: it may be sent already.
        """
        now = self._database.clock.now()
        at_rest = or_(recipient.c.lease_owner.is_(None), recipient.c.due_at <= now)
        where: list[ColumnElement[bool]] = [recipient.c.message_id.in_(message_ids)]
        if only is not None:
            where += [recipient.c.n.in_(only), recipient.c.state == RecipientState.HELD.value]
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


def _ways_by_clues(connection: Connection, wanted: Search) -> Iterator[Way]:
    for clues in wanted.clues:
        counts = rarest_first(connection, clues)
        if counts:
            yield Way(clues=tuple(counts), by_clue=min(counts.values()) < MANY or not has_an_index(wanted.states))


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
