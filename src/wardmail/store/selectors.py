"""Under which selectors other domains publish their DKIM keys: as mail that was proved showed, and looks that found one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.retention import A_DAY
from wardmail.store.connection import Database
from wardmail.store.schema_of_domains import dkim_selector as table

MOST_OF_ONE, MOST = 10, 20_000
"""Of one domain, and in all: whoever signs under ever new names displaces others' only by what it sends."""

KEPT_FOR = 400 * A_DAY
_FRESH = A_DAY
"""Seconds within which a selector that is seen again is not written again: much mail is from few domains."""


class StoreSelectors:
    """Implements `ports.domains.Selectors`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def of(self, domain: str, limit: int) -> Sequence[str]:
        order = (table.c.seen_at.desc(), table.c.selector)
        query = select(table.c.selector).where(table.c.domain == domain).order_by(*order).limit(limit)
        with self._database.read() as connection:
            return connection.execute(query).scalars().all()

    def note(self, domain: str, selectors: Sequence[str]) -> None:
        with self._database.write() as connection:
            self.add(connection, [(domain, each) for each in selectors])

    def add(self, connection: Connection, seen: Sequence[tuple[str, str]]) -> None:
        """Pairs of domain and selector, in a caller's write transaction."""
        now = self._database.clock.now()
        for domain, selector in seen:
            statement = self._insert(table).values(domain=domain, selector=selector, seen_at=now)
            renewed = statement.on_conflict_do_update(
                index_elements=["domain", "selector"],
                set_={"seen_at": statement.excluded.seen_at},
                where=table.c.seen_at < now - _FRESH,
            )
            # Not by the count of rows: of an insertion PostgreSQL's driver does not tell it.
            if connection.execute(renewed.returning(table.c.selector)).first() is not None:
                self._displace(connection, domain)

    def forget_old(self) -> None:
        oldest = select(table.c.seen_at).order_by(table.c.seen_at.desc()).offset(MOST).limit(1)
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.seen_at < self._database.clock.now() - KEPT_FOR))
            last = connection.execute(oldest).scalar_one_or_none()
            if last is not None:
                connection.execute(delete(table).where(table.c.seen_at <= last))

    def _displace(self, connection: Connection, domain: str) -> None:
        mine = table.c.domain == domain
        order = (table.c.seen_at.desc(), table.c.selector)
        kept = select(table.c.selector).where(mine).order_by(*order).limit(MOST_OF_ONE)
        connection.execute(delete(table).where(mine, table.c.selector.not_in(kept)))
