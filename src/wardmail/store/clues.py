"""Clues beside the messages they lead to: written with them, gone with their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy import Connection, Table, delete, func, select

from wardmail.model.clue import clues_in
from wardmail.ports import Blinder
from wardmail.store.connection import Database, raw_cursor
from wardmail.store.schema_of_search import arrival_clue, clue
from wardmail.store.statements import insert_all

_TABLES = (clue, arrival_clue)

MANY = 1000
"""To know which of several clues is the rarest, none is counted further."""


@dataclass(frozen=True, slots=True)
class Termed:
    """What a message is found by, and when it came: that decides whose month's key is taken."""

    id: str
    terms: tuple[str, ...]
    at: float


class Clues:
    """`table` is `clue` for what goes out, and `arrival_clue` for what came in."""

    def __init__(self, database: Database, blinder: Blinder, table: Table) -> None:
        self._blinder = blinder
        self._insert = insert_all(database, table)

    def insert(self, connection: Connection, messages: Sequence[Termed]) -> None:
        """In a caller's write transaction."""
        rows = [
            (found, each.id) for each in messages for found in frozenset(self._blinder.blinded(each.terms, each.at))
        ]
        if rows:
            raw_cursor(connection).executemany(self._insert, rows)


def remove_clues(connection: Connection, message_ids: Sequence[str]) -> None:
    for table in _TABLES:
        connection.execute(delete(table).where(table.c.message_id.in_(message_ids)))


def has_clues(connection: Connection, month: int) -> bool:
    every = clues_in(month)
    queries = [
        select(table.c.clue).where(table.c.clue >= every.start, table.c.clue < every.stop).limit(1) for table in _TABLES
    ]
    return any(connection.execute(query).first() is not None for query in queries)


def rarest_first(connection: Connection, clues: Sequence[int], table: Table = clue) -> Mapping[int, int]:
    """In the order in which it costs least to look for what has them all; empty when one of them leads nowhere.

    With each, to how many messages it leads, of which no more than `MANY` are counted.
    """
    counts = {each: _count(connection, each, table) for each in clues}
    return dict(sorted(counts.items(), key=itemgetter(1))) if all(counts.values()) else {}


def _count(connection: Connection, wanted: int, table: Table) -> int:
    some = select(table.c.clue).where(table.c.clue == wanted).limit(MANY).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())
