"""Ceilings that all processes share: what was used in the last window, counted in the caller's own transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.stored import Charge
from wardmail.store.connection import Database
from wardmail.store.schema import usage

SLICES = 24
"""A window is counted in this many slices: the ceiling is never passed, and is at most one slice too strict."""


class Quota:
    """Writers take turns, so what is read here is still true when it is written."""

    def __init__(self, database: Database) -> None:
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def take(self, connection: Connection, charges: Sequence[Charge], now: float) -> float | None:
        """Take all charges or none. None when taken, else the time at which there may be room again."""
        waits = [self._room_at(connection, charge, now) for charge in charges]
        later = max((wait for wait in waits if wait is not None), default=None)
        if later is None:
            for charge in charges:
                self._use(connection, charge, now)
        return later

    def _room_at(self, connection: Connection, charge: Charge, now: float) -> float | None:
        width = _width(charge)
        oldest = int(now // width) - SLICES
        rows = connection.execute(
            select(usage.c.bucket, usage.c.used)
            .where(usage.c.key == _key(charge), usage.c.bucket >= oldest)
            .order_by(usage.c.bucket)
        ).all()
        over = sum(row.used for row in rows) + charge.amount - charge.limit
        if over <= 0:
            return None
        for row in rows:
            over -= row.used
            if over <= 0:
                return float((row.bucket + SLICES + 1) * width)
        return now + charge.window

    def _use(self, connection: Connection, charge: Charge, now: float) -> None:
        bucket = int(now // _width(charge))
        statement = self._insert(usage).values(key=_key(charge), bucket=bucket, used=charge.amount)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[usage.c.key, usage.c.bucket], set_={"used": usage.c.used + statement.excluded.used}
            )
        )


def _width(charge: Charge) -> float:
    return charge.window / SLICES


def _key(charge: Charge) -> str:
    return f"{charge.key}/{charge.window}"


def forget_old(connection: Connection, now: float) -> None:
    """Drop slices that no window reaches any more."""
    for window in (60, 86_400):
        oldest = int(now // (window / SLICES)) - 2 * SLICES
        connection.execute(delete(usage).where(usage.c.key.like(f"%/{window}"), usage.c.bucket < oldest))


def used_in(connection: Connection, key: str, window: int, now: float) -> int:
    """How much of a ceiling was used in the window that ends now."""
    oldest = int(now // (window / SLICES)) - SLICES
    query = select(func.coalesce(func.sum(usage.c.used), 0)).where(
        usage.c.key == f"{key}/{window}", usage.c.bucket >= oldest
    )
    return int(connection.execute(query).scalar_one())
