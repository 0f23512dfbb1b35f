"""What was found of domains whenever somebody looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.own_domain import DomainReport
from wardmail.model.retention import A_DAY
from wardmail.store import records
from wardmail.store.connection import Database
from wardmail.store.schema_of_domains import domain_look as table

MOST_KEPT, MOST_DOMAINS = 100, 5000
"""Looks of one domain, and domains: whoever presses the button again and again fills nobody's disk."""

KEPT_FOR = 400 * A_DAY


class StoreDomainReports:
    """Implements `ports.domains.DomainReports`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def newest(self) -> Mapping[str, DomainReport]:
        last = select(table.c.domain, func.max(table.c.checked_at).label("at")).group_by(table.c.domain).subquery()
        query = select(table.c.report).join(
            last, and_(table.c.domain == last.c.domain, table.c.checked_at == last.c.at)
        )
        with self._database.read() as connection:
            found = [records.decode(DomainReport, text) for text in connection.execute(query).scalars()]
        return {each.domain: each for each in found}

    def of(self, domain: str, limit: int) -> Sequence[DomainReport]:
        query = select(table.c.report).where(table.c.domain == domain).order_by(table.c.checked_at.desc()).limit(limit)
        with self._database.read() as connection:
            return [records.decode(DomainReport, text) for text in connection.execute(query).scalars()]

    def keep(self, report: DomainReport) -> None:
        row = {"domain": report.domain, "checked_at": report.checked_at, "report": records.encode(report)}
        statement = self._insert(table).values(row)
        changed = {"report": statement.excluded.report}
        mine = table.c.domain == report.domain
        oldest = (
            select(table.c.checked_at).where(mine).order_by(table.c.checked_at.desc()).offset(MOST_KEPT - 1).limit(1)
        )
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["domain", "checked_at"], set_=changed))
            connection.execute(delete(table).where(mine, table.c.checked_at < oldest.scalar_subquery()))

    def forget_old(self) -> None:
        """What was seen long ago, but for the newest of each domain; and domains that nobody has asked about for longest."""
        last = select(table.c.domain, func.max(table.c.checked_at).label("at")).group_by(table.c.domain)
        newest = last.subquery()
        is_newest = select(newest.c.domain).where(newest.c.domain == table.c.domain, newest.c.at == table.c.checked_at)
        old = table.c.checked_at < self._database.clock.now() - KEPT_FOR
        too_many = (
            last.order_by(func.max(table.c.checked_at).desc()).offset(MOST_DOMAINS).limit(MOST_DOMAINS).subquery()
        )
        with self._database.write() as connection:
            connection.execute(delete(table).where(old, ~is_newest.exists()))
            connection.execute(delete(table).where(table.c.domain.in_(select(too_many.c.domain))))
