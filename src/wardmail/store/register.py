"""Who may send, and by which routes: records that people change and every process follows within a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.accredited import AccreditedEntry, ListVersion
from wardmail.model.agreement import appetite_in_force
from wardmail.model.handover import Handover
from wardmail.model.integration import Credential, Integration
from wardmail.model.register import Added, Change, RegisterSnapshot
from wardmail.model.route import Route
from wardmail.model.source import Source
from wardmail.model.stored import Event
from wardmail.model.suppression import Suppression
from wardmail.store import breakers, records
from wardmail.store.agreements import all_agreements, all_statements
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.messages import EventLine, event_line
from wardmail.store.policies import in_force
from wardmail.store.register_version import moved_on, register_version
from wardmail.store.schema import accredited_domain, credential, event, integration, list_version, route
from wardmail.store.schema_of_inbound import handover, source
from wardmail.store.suppressions import StoreSuppressions

T = TypeVar("T")

ACCREDITED = "accredited"


class StoreRegister:
    """Every change is an event in the audit, and moves the register's version on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._suppressions = StoreSuppressions(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def version(self) -> int:
        with self._database.read() as connection:
            return register_version(connection)

    def snapshot(self) -> RegisterSnapshot:
        with self._database.read() as connection:
            latest = _latest_list(connection)
            return RegisterSnapshot(
                version=register_version(connection),
                integrations={each.id: each for each in _all(connection, integration, Integration)},
                credentials={each.username: each for each in _all(connection, credential, Credential)},
                routes={each.name: each for each in _all(connection, route, Route)},
                accredited={each.domain: each for each in _all(connection, accredited_domain, AccreditedEntry)},
                list_version=latest.version if latest else None,
                list_imported_at=latest.imported_at if latest else None,
                policy=in_force(connection),
                agreements=all_agreements(connection),
                appetite=appetite_in_force(all_statements(connection)),
                read_at=self._database.clock.now(),
                breakers=breakers.in_force(connection),
                sources={each.name: each for each in _all(connection, source, Source)},
                handovers={each.integration: each for each in _all(connection, handover, Handover)},
            )

    def suppressions_since(self, number: int) -> Sequence[Suppression]:
        return self._suppressions.since(number)

    def save_integration(self, record: Integration, actor: str) -> None:
        values = {"id": record.id, "record": records.encode(record), "updated_at": self._database.clock.now()}
        self._save(
            integration,
            values,
            kind="IntegrationSaved",
            subject=record.id,
            actor=actor,
            detail=records.to_plain(record),
        )

    def change_integration(
        self, name: str, change: Callable[[Mapping[str, Integration]], T], made: Change
    ) -> T | Integration:
        """Change one record, or add it, in one transaction with the reading that the change is made from.

        `change` sees all integrations and gives the record as it is to be, or anything else for no change, which is
        returned as it is. Two people who change one record at once both count.
        """
        with self._database.write() as connection:
            before = {each.id: each for each in _all(connection, integration, Integration)}
            after = change(before)
            if not isinstance(after, Integration):
                return after
            now, old = self._database.clock.now(), before.get(name)
            version = (old.registration.version if old else 0) + 1
            record = replace(after.registration, version=version, changed_at=now, changed_by=made.actor)
            after = replace(after, registration=record)
            values = {"id": name, "record": records.encode(after), "updated_at": now}
            statement = self._insert(integration).values(**values)
            changed = {"record": statement.excluded.record, "updated_at": statement.excluded.updated_at}
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))
            detail: dict[str, object] = {"reason": made.reason, "version": version}
            detail["changed"] = differences(old, after)
            self._changed(connection, made.kind, name, made.actor, detail)
            return after

    def save_route(self, record: Route, actor: str) -> None:
        values = {"name": record.name, "record": records.encode(record), "updated_at": self._database.clock.now()}
        self._save(route, values, kind="RouteSaved", subject=record.name, actor=actor, detail=records.to_plain(record))

    def change_route(self, before: Route, after: Route, actor: str) -> Route | None:
        """Only what differs is written, in one transaction with the reading: a route that somebody pauses meanwhile stays so.

        None when there is no such route any more.
        """
        changed = {each.name: getattr(after, each.name) for each in fields(Route)}
        changed = {name: value for name, value in changed.items() if value != getattr(before, name)}
        where = route.c.name == before.name
        with self._database.write() as connection:
            text = connection.execute(select(route.c.record).where(where)).scalar_one_or_none()
            if text is None:
                return None
            record = replace(records.decode(Route, text), **changed)
            now = self._database.clock.now()
            connection.execute(route.update().where(where).values(record=records.encode(record), updated_at=now))
            self._changed(connection, "RouteSaved", record.name, actor, records.to_plain(record))
            return record

    def save_credential(self, record: Credential, actor: str) -> None:
        values = {
            "username": record.username,
            "integration_id": record.integration_id,
            "record": records.encode(record),
        }
        detail = _of_credential(record)
        self._save(credential, values, kind="CredentialSaved", subject=record.username, actor=actor, detail=detail)

    def change_credential(
        self, username: str, change: Callable[[Credential], Credential], actor: str
    ) -> Credential | None:
        """In one transaction with the reading that it is made from: what is revoked at the same moment stays so."""
        query = select(credential.c.record).where(credential.c.username == username)
        with self._database.write() as connection:
            text = connection.execute(query).scalar_one_or_none()
            if text is None:
                return None
            after = change(records.decode(Credential, text))
            values = {"record": records.encode(after)}
            connection.execute(credential.update().where(credential.c.username == username).values(**values))
            self._changed(connection, "CredentialSaved", username, actor, _of_credential(after))
            return after

    def add_credential(self, record: Credential, actor: str, known: int | None = None) -> Added:
        """Of two who choose one user name at once, or of one form that is sent twice, the second is told."""
        values = {
            "username": record.username,
            "integration_id": record.integration_id,
            "record": records.encode(record),
        }
        its_own = credential.c.integration_id == record.integration_id
        with self._database.write() as connection:
            there = connection.execute(select(func.count()).select_from(credential).where(its_own)).scalar_one()
            if known is not None and there != known:
                return Added.OVERTAKEN
            fresh = self._insert(credential).values(**values).on_conflict_do_nothing()
            # Not by the count of rows: of an insertion PostgreSQL's driver does not tell it.
            if connection.execute(fresh.returning(credential.c.username)).first() is None:
                return Added.TAKEN
            self._changed(connection, "CredentialSaved", record.username, actor, _of_credential(record))
            return Added.YES

    def remove_route(self, name: str, actor: str) -> bool:
        with self._database.write() as connection:
            gone = connection.execute(delete(route).where(route.c.name == name)).rowcount > 0
            if gone:
                self._changed(connection, "RouteRemoved", name, actor, {})
            return gone

    def import_accredited(self, entries: Iterable[AccreditedEntry], version: ListVersion) -> None:
        """Replace the whole list in one transaction: readers see the old list or the new one, never half of each."""
        rows = [{"domain": each.domain, "record": records.encode(each)} for each in entries]
        with self._database.write() as connection:
            connection.execute(delete(accredited_domain))
            if rows:
                connection.execute(accredited_domain.insert(), rows)
            connection.execute(
                self._insert(list_version)
                .values(
                    list=version.name,
                    version=version.version,
                    imported_at=version.imported_at,
                    imported_by=version.imported_by,
                    source=version.source,
                    entries=version.entries,
                )
                .on_conflict_do_update(index_elements=["list", "version"], set_={"imported_at": version.imported_at})
            )
            detail: dict[str, object] = {"version": version.version, "source": version.source, "entries": len(rows)}
            self._changed(connection, "ListImported", version.name, version.imported_by, detail)

    def list_versions(self) -> Sequence[ListVersion]:
        with self._database.read() as connection:
            query = select(list_version).order_by(list_version.c.imported_at.desc())
            return [ListVersion(*row) for row in connection.execute(query)]

    def history(self, name: str) -> Sequence[EventLine]:
        """What was done to one record, oldest first."""
        query = select(event).where(event.c.subject == name, event.c.message_id.is_(None)).order_by(event.c.seq)
        with self._database.read() as connection:
            return [event_line(row) for row in connection.execute(query)]

    def _save(
        self,
        table: Table,
        values: Mapping[str, object],
        *,
        kind: str,
        subject: str,
        actor: str,
        detail: dict[str, object],
    ) -> None:
        key = next(iter(table.primary_key.columns)).name
        with self._database.write() as connection:
            statement = self._insert(table).values(**values)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[key], set_={name: value for name, value in values.items() if name != key}
                )
            )
            self._changed(connection, kind, subject, actor, detail)

    def _changed(self, connection: Connection, kind: str, subject: str, actor: str, detail: dict[str, object]) -> None:
        moved_on(connection, self._database)
        self._chain.append(connection, [Event(kind, self._database.clock.now(), actor, None, subject, detail)])


def _of_credential(record: Credential) -> dict[str, object]:
    """What the audit says of one: never what proves it."""
    return {
        "integration": record.integration_id,
        "expires": record.expires_at,
        "revoked": record.revoked_at,
        "networks": list(record.networks),
        "test": record.is_test,
        "proof": "secret" if record.has_secret else "certificate" if record.certificate else "public key",
    }


def differences(old: Integration | None, new: Integration) -> dict[str, object]:
    """Each field that changed: before and after, as plain data; fields of the registration stand beside the others."""
    before, after = _flat(old) if old else {}, _flat(new)
    untold = {"version", "changed_at", "changed_by"}
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if name not in untold and before.get(name) != value
    }


def _flat(record: Integration) -> dict[str, object]:
    plain: dict[str, Any] = records.to_plain(record)
    registration = plain.pop("registration")
    return {**plain, **registration}


def _all(connection: Connection, table: Table, kind: type[Any]) -> list[Any]:
    return [records.decode(kind, text) for text in connection.execute(select(table.c.record)).scalars()]


def _latest_list(connection: Connection) -> ListVersion | None:
    query = select(list_version).where(list_version.c.list == ACCREDITED).order_by(list_version.c.imported_at.desc())
    row = connection.execute(query.limit(1)).one_or_none()
    return ListVersion(*row) if row else None
