"""Ceilings that all processes share: what was used in the last window, counted in the caller's own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.stored import Charge, Full
from wardmail.store.connection import Database, raw_cursor
from wardmail.store.schema import usage
from wardmail.store.statements import compiled

SLICES = 24
"""A window is counted in this many slices: the ceiling is never passed, and is at most one slice too strict."""

WINDOWS = (60, 3600, 86_400)
"""Seconds; every window that anything is counted in."""


@dataclass(frozen=True, slots=True)
class Used:
    """One ceiling, how much of it is used, and when there is room for the charge again (None: now)."""

    charge: Charge
    used: int
    room_at: float | None


class Quota:
    """Writers take turns, so what is read here is still true when it is written."""

    def __init__(self, database: Database) -> None:
        every: dict[str, Any] = {column.name: bindparam(column.name) for column in usage.columns}
        insert = (sqlite.insert if database.is_sqlite else postgresql.insert)(usage).values(every)
        more = {"used": usage.c.used + insert.excluded.used}
        self._add = compiled(
            database, insert.on_conflict_do_update(index_elements=[usage.c.key, usage.c.bucket], set_=more)
        )

    def take(self, connection: Connection, charges: Sequence[Charge], now: float) -> Full | None:
        """Take all charges or none. None when taken, else the ceiling that is in the way for longest."""
        full = [Full(charge.key, at) for charge in charges if (at := _room_at(connection, charge, now)) is not None]
        if not full:
            self.use(connection, charges, now)
            return None
        return max(full, key=lambda each: each.until)

    def use(self, connection: Connection, charges: Sequence[Charge], now: float) -> None:
        """Count these, whatever their ceilings say."""
        rows = [(_key(charge), int(now // _width(charge)), charge.amount) for charge in charges]
        if rows:
            raw_cursor(connection).executemany(self._add, rows)


def used_of(connection: Connection, charge: Charge, now: float) -> Used:
    """How full a ceiling is: when `charge` would have room is None when it has room now."""
    used = sum(row.used for row in _slices(connection, charge, now))
    return Used(charge, used, _room_at(connection, charge, now))


def _room_at(connection: Connection, charge: Charge, now: float) -> float | None:
    rows = _slices(connection, charge, now)
    over = sum(row.used for row in rows) + charge.amount - charge.limit
    if over <= 0:
        return None
    for row in rows:
        over -= row.used
        if over <= 0:
            return float((row.bucket + SLICES + 1) * _width(charge))
    return now + charge.window


def _slices(connection: Connection, charge: Charge, now: float) -> Sequence[Any]:
    oldest = int(now // _width(charge)) - SLICES
    return connection.execute(
        select(usage.c.bucket, usage.c.used)
        .where(usage.c.key == _key(charge), usage.c.bucket >= oldest)
        .order_by(usage.c.bucket)
    ).all()


def _width(charge: Charge) -> float:
    return charge.window / SLICES


def _key(charge: Charge) -> str:
    return f"{charge.key}/{charge.window}"


def forget_old(connection: Connection, now: float) -> None:
    """Drop slices that no window reaches any more."""
    for window in WINDOWS:
        oldest = int(now // (window / SLICES)) - 2 * SLICES
        connection.execute(delete(usage).where(usage.c.key.like(f"%/{window}"), usage.c.bucket < oldest))
