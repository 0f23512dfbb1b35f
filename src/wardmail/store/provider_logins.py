"""Whom an identity provider's subjects stand for, and what has served once; implements `ports.ProviderLogins`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.login import BY_PROVIDER, Session
from wardmail.model.person import Person, Role, has_owner
from wardmail.model.provider_login import ProvedSubject, ProviderWord
from wardmail.model.stored import Event
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.logins import NOBODY, begin_session, end_sessions
from wardmail.store.people import everybody, keep_person
from wardmail.store.schema import person as person_table
from wardmail.store.schema_of_logins import provider_subject, spent


class StoreProviderLogins:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def person_of(self, subject: ProvedSubject) -> str:
        with self._database.read() as connection:
            return _person_of(connection, subject)

    def admit(self, session: Session, person: Person, subject: ProvedSubject) -> bool:
        now = self._database.clock.now()
        with self._database.write() as connection:
            tied, current = _person_of(connection, subject), _record(connection, person.id)
            is_new = current is None
            self._heard(connection, subject, person.roles, now)
            if tied != ("" if is_new else person.id) or (current is not None and not current.is_here):
                return False
            events = []
            kept = person if current is None else replace(current, roles=person.roles)
            if not is_new and _ends_last_owner(connection, kept):
                return False
            if kept != current:
                events.append(keep_person(self._database, connection, kept, BY_PROVIDER, "groups at log-in"))
            if is_new:
                self._tie(connection, subject, person.id, now)
                self._heard(connection, subject, person.roles, now)
            events.append(begin_session(connection, session, now))
            self._chain.append(connection, events)
            return True

    def tie(self, issuer: str, subject: str, person: str, actor: str, reason: str) -> str:
        """Whom the subject stands for from now on: this person, unless it stood for another, who keeps it."""
        now, proved = self._database.clock.now(), ProvedSubject(issuer, subject, frozenset())
        with self._database.write() as connection:
            tied = _person_of(connection, proved)
            if not tied:
                self._tie(connection, proved, person, now)
                detail: dict[str, object] = {"issuer": issuer, "subject": subject, "reason": reason}
                self._chain.append(connection, [Event("ProviderTied", now, actor, None, person, detail)])
            return tied or person

    def turn_away(self, subject: ProvedSubject, roles: Sequence[Role], code: str, peer: str) -> None:
        now = self._database.clock.now()
        with self._database.write() as connection:
            known = _person_of(connection, subject)
            self._heard(connection, subject, roles, now)
            ended = end_sessions(connection, known) if known else 0
            detail: dict[str, object] = {"peer": peer, "code": code, "sessions_ended": ended}
            events = [Event("LogInRefused", now, NOBODY, None, known or NOBODY, detail)]
            before = _record(connection, known) if known else None
            if before is not None and before.is_here and before.roles and not roles:
                after = replace(before, roles=())
                if not _ends_last_owner(connection, after):
                    events.append(keep_person(self._database, connection, after, BY_PROVIDER, "no group at log-in"))
            self._chain.append(connection, events)

    def spend(self, proof: str, until: float) -> bool:
        now, digest = self._database.clock.now(), hashlib.sha256(proof.encode()).digest()
        with self._database.write() as connection:
            connection.execute(delete(spent).where(spent.c.until < now))
            fresh = self._insert(spent).values(proof_hash=digest, until=until).on_conflict_do_nothing()
            return connection.execute(fresh.returning(spent.c.until)).first() is not None

    def word_of(self, person: str) -> ProviderWord | None:
        query = select(provider_subject.c.said_roles, provider_subject.c.said_at)
        newest = (
            query.where(provider_subject.c.person_id == person).order_by(provider_subject.c.said_at.desc()).limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(newest).one_or_none()
        if row is None:
            return None
        return ProviderWord(
            None if row.said_roles is None else tuple(map(Role, json.loads(row.said_roles))), row.said_at
        )

    def _heard(self, connection: Connection, subject: ProvedSubject, roles: Sequence[Role], now: float) -> None:
        said = {"said_at": now, "said_roles": json.dumps([each.value for each in roles])}
        connection.execute(update(provider_subject).where(*_is(subject)).values(**said))

    def _tie(self, connection: Connection, subject: ProvedSubject, person: str, now: float) -> None:
        connection.execute(
            provider_subject.insert().values(
                issuer=subject.issuer, subject=subject.subject, person_id=person, tied_at=now, said_at=now
            )
        )


def _is(subject: ProvedSubject) -> tuple[ColumnElement[bool], ...]:
    return provider_subject.c.issuer == subject.issuer, provider_subject.c.subject == subject.subject


def _person_of(connection: Connection, subject: ProvedSubject) -> str:
    query = select(provider_subject.c.person_id).where(*_is(subject))
    return connection.execute(query).scalar_one_or_none() or ""


def _ends_last_owner(connection: Connection, kept: Person) -> bool:
    """Two owners whose groups make them less may log in at once: each was judged while the other was still one."""
    people = everybody(connection)
    return has_owner(people.values()) and not has_owner({**people, kept.id: kept}.values())


def _record(connection: Connection, name: str) -> Person | None:
    text = connection.execute(select(person_table.c.record).where(person_table.c.id == name)).scalar_one_or_none()
    return None if text is None else records.decode(Person, text)
