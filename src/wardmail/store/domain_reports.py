"""What was found of our own domains when somebody looked last."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.own_domain import DomainReport
from wardmail.store import records
from wardmail.store.connection import Database
from wardmail.store.schema import meta

_PREFIX = "domain-report:"


class StoreDomainReports:
    """Implements `ports.DomainReports`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def all(self) -> Mapping[str, DomainReport]:
        query = select(meta.c.value).where(meta.c.key.startswith(_PREFIX, autoescape=True))
        with self._database.read() as connection:
            found = [records.decode(DomainReport, text) for text in connection.execute(query).scalars()]
        return {each.domain: each for each in found}

    def keep(self, report: DomainReport) -> None:
        statement = self._insert(meta).values(key=f"{_PREFIX}{report.domain}", value=records.encode(report))
        changed = {"value": statement.excluded.value}
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed))
