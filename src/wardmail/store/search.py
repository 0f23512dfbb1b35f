"""How messages are found: by an address, an ID or the beginning of one, each by an index of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, exists, literal, or_, select

from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.message_id import first_id_at, ids_that_begin
from wardmail.store.schema import message, recipient
from wardmail.store.schema_of_search import clue

_ID_LENGTH = 18
_WAITING = {state.value for state in WAITING}


@dataclass(frozen=True, slots=True)
class Search:
    """Any of these narrow the list, newest first; `text` is an address, a message ID or its beginning, `sent_by` a credential.

    `most_pressing`: the time-critical first, then the oldest, so that a limit never cuts off what waits longest.
    `clues` are sets of which a message has all of one, besides what is found by `text` (see `ports.Blinder`).
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
    clues: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to find messages. `by_message`: the index that serves it is the message's, not the recipient's.

    `clues`: a message has all of them. `by_clue`: the first of them leads, for it is the rarest.
    """

    where: tuple[ColumnElement[bool], ...] = ()
    by_message: bool = False
    clues: tuple[int, ...] = ()
    by_clue: bool = False


def ways_of(wanted: Search) -> Sequence[Way]:
    """One without a condition where no text is asked for."""
    # What a terminal could not decode comes as surrogates, which no database takes.
    text = wanted.text.encode("utf-8", "replace").decode().strip()
    if not wanted.text:
        return (Way(),)
    addresses, upper = sorted(_as_stored(text)), text.upper()
    ways = [Way((recipient.c.address.in_(addresses),)), Way((message.c.sender.in_(addresses),), by_message=True)]
    own = upper.strip("<> ").partition("@")[0]  # a Message-ID that the gateway gave begins with its own ID
    if len(own) == _ID_LENGTH and own.isalnum():
        ways.append(Way((recipient.c.message_id == own,)))
    elif text.isascii() and text.isalnum() and len(text) < _ID_LENGTH:
        ways.append(Way((recipient.c.message_id.between(*ids_that_begin(upper)),)))
    return ways


def query_of(wanted: Search, way: Way) -> Select[Any]:
    """IDs are compared on the side whose index finds and sorts: they are the same on both."""
    by_message = way.by_message or (bool(wanted.integration) and not has_an_index(wanted.states))
    identity = clue.c.message_id if way.by_clue else message.c.id if by_message else recipient.c.message_id
    query = _lines_of(way.clues[0]) if way.by_clue else _lines()
    query = query.where(*way.where, *_have(way.clues[way.by_clue :], identity))
    if wanted.since:
        query = query.where(identity >= first_id_at(wanted.since))
    if wanted.states:
        query = query.where(_in_one_of(wanted.states))
    newest: ColumnElement[str] = identity
    if wanted.states and set(wanted.states) <= _WAITING and not way.by_clue:
        # All that waits is due some time, which has an index. Ordered by an expression, for the order alone would make
        # SQLite take the index of all IDs.
        query, newest = query.where(recipient.c.due_at.is_not(None)), identity.concat("")
    if wanted.integration:
        # By an expression where the states lead, so that the integration's index, of all that it ever sent, does not.
        of = message.c.integration_id.concat("") if has_an_index(wanted.states) else message.c.integration_id
        query = query.where(of == wanted.integration)
    if wanted.sent_by:
        query = query.where(message.c.username == wanted.sent_by)
    if wanted.after is not None:
        query = query.where(_beyond(wanted, identity, *wanted.after))
    if wanted.domain:
        query = query.where(recipient.c.domain == wanted.domain)
    order = (recipient.c.urgent.desc(), message.c.id) if wanted.most_pressing else (newest.desc(),)
    return query.order_by(*order, recipient.c.n).limit(wanted.limit)


def _in_one_of(names: tuple[str, ...]) -> ColumnElement[bool]:
    """As literals: by a parameter, or by IN, SQLite does not find the index of what is held.

    One state alone that has no index is said twice: SQLite takes it for rare, and would sort the whole table for it.
    """
    if len(names) == 1 and not set(names) & {*_WAITING, RecipientState.HELD.value}:
        names *= 2
    states = (literal(name, literal_execute=True) for name in names)
    return or_(*(recipient.c.state == state for state in states))


def _beyond(wanted: Search, identity: Column[Any], last: str, n: int) -> ColumnElement[bool]:
    if not wanted.most_pressing:
        return and_(identity <= last, or_(identity < last, recipient.c.n > n))
    urgent = int(wanted.after_urgent)
    later = or_(identity > last, and_(identity == last, recipient.c.n > n))
    return or_(recipient.c.urgent < urgent, and_(recipient.c.urgent == urgent, later))


def _as_stored(typed: str) -> set[str]:
    """An address as people paste it (`<a@B.example>`, `mailto:…`), in the forms in which it may be stored."""
    plain = typed.strip("<> ").removeprefix("mailto:")
    local, _, domain = plain.rpartition("@")
    return {f"{local}@{domain.lower()}", plain.lower()} if local else {plain}


def has_an_index(states: tuple[str, ...]) -> bool:
    """Copies that wait or are held are few beside all others, and found by themselves."""
    return bool(states) and set(states) <= {*_WAITING, RecipientState.HELD.value}


def _lines_of(first: int) -> Select[Any]:
    """By the clue's index, in whose order they come."""
    return (
        select(recipient, message)
        .select_from(clue)
        .join(recipient, recipient.c.message_id == clue.c.message_id)
        .join(message, message.c.id == clue.c.message_id)
        .where(clue.c.clue == first)
    )


def _have(clues: tuple[int, ...], identity: Column[str]) -> Iterator[ColumnElement[bool]]:
    """Each is looked up for each message."""
    for number, each in enumerate(clues):
        its = clue.alias(f"clue_{number}")
        yield exists(select(its.c.clue).where(its.c.clue == each, its.c.message_id == identity))


def _lines() -> Select[Any]:
    return select(recipient, message).join(message, message.c.id == recipient.c.message_id)
