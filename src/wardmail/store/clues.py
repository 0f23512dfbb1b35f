"""Clues beside the messages they lead to: written with them, gone with their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

from sqlalchemy import Connection, bindparam, delete, func, select

from wardmail.model.clue import clues_in
from wardmail.model.stored import AcceptedMessage
from wardmail.ports import Blinder
from wardmail.store.connection import Database, raw_cursor
from wardmail.store.schema_of_search import clue
from wardmail.store.statements import insert_all

MANY = 1000
"""To know which of several clues is the rarest, none is counted further."""


class Clues:
    def __init__(self, database: Database, blinder: Blinder) -> None:
        self._blinder = blinder
        self._insert = insert_all(database, clue)

    def insert(self, connection: Connection, messages: Sequence[AcceptedMessage]) -> None:
        """In a caller's write transaction."""
        rows = [
            (found, each.id)
            for each in messages
            for found in frozenset(self._blinder.blinded(each.terms, each.received_at))
        ]
        if rows:
            raw_cursor(connection).executemany(self._insert, rows)


def remove_clues(connection: Connection, message_ids: Sequence[str]) -> None:
    connection.execute(delete(clue).where(clue.c.message_id.in_(message_ids)))


def has_clues(connection: Connection, month: int) -> bool:
    every = clues_in(month)
    query = select(clue.c.clue).where(clue.c.clue >= every.start, clue.c.clue < every.stop).limit(1)
    return connection.execute(query).first() is not None


def rarest_first(connection: Connection, clues: Sequence[int]) -> Mapping[int, int]:
    """In the order in which it costs least to look for what has them all; empty when one of them leads nowhere.

    With each, to how many messages it leads, of which no more than `MANY` are counted.
    """
    counts = {each: _count(connection, each) for each in clues}
    return dict(sorted(counts.items(), key=itemgetter(1))) if all(counts.values()) else {}


def _count(connection: Connection, wanted: int) -> int:
    return int(connection.execute(_COUNT, {"wanted": wanted}).scalar_one())


_COUNT = select(func.count()).select_from(
    select(clue.c.clue).where(clue.c.clue == bindparam("wanted")).limit(MANY).subquery()
)
