"""Domains that people put on record, our own and others'; each change is an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import delete, insert, select, update

from wardmail.model.own_domain import KnownDomain
from wardmail.model.stored import Event
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema_of_domains import known_domain as table


class StoreKnownDomains:
    """Implements `ports.domains.DomainBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def all(self) -> Mapping[str, KnownDomain]:
        with self._database.read() as connection:
            found = connection.execute(select(table.c.record).order_by(table.c.name)).scalars()
            return {each.name: each for each in (records.decode(KnownDomain, text) for text in found)}

    def add(self, domain: KnownDomain) -> bool:
        with self._database.write() as connection:
            if connection.execute(select(table.c.name).where(table.c.name == domain.name)).first() is not None:
                return False
            connection.execute(insert(table).values(name=domain.name, record=records.encode(domain)))
            detail = {"ours": domain.is_ours, "note": domain.note}
            event = Event("DomainAdded", domain.added_at, domain.added_by, None, domain.name, detail)
            self._chain.append(connection, [event])
        return True

    def change(
        self, name: str, kind: str, actor: str, step: Callable[[KnownDomain], KnownDomain]
    ) -> KnownDomain | None:
        with self._database.write() as connection:
            text = connection.execute(select(table.c.record).where(table.c.name == name)).scalar_one_or_none()
            if text is None:
                return None
            changed = step(records.decode(KnownDomain, text))
            connection.execute(update(table).where(table.c.name == name).values(record=records.encode(changed)))
            self._chain.append(connection, [Event(kind, self._database.clock.now(), actor, None, name, {})])
        return changed

    def remove(self, name: str, actor: str) -> bool:
        with self._database.write() as connection:
            gone = connection.execute(delete(table).where(table.c.name == name)).rowcount
            if gone:
                event = Event("DomainRemoved", self._database.clock.now(), actor, None, name, {})
                self._chain.append(connection, [event])
        return bool(gone)
