"""How people log in, and who is logged in; implements `ports.Logins`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.login import IDLE, LOCKED_FOR, LONGEST, MOST_FAILURES, Login, SecondProof, Session
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema_of_logins import last_login, login, login_session, recovery_code, security_key
from wardmail.store.security_keys import use_key

NOBODY = "nobody"
"""Stands for a name that is nobody's: what was typed there may be a password, so it is not kept."""


class StoreLogins:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def find(self, person: str) -> Login | None:
        left = select(func.count()).where(recovery_code.c.person_id == person).scalar_subquery()
        with self._database.read() as connection:
            row = connection.execute(select(login, left).where(login.c.person_id == person)).one_or_none()
        return None if row is None else Login(*row)

    def open(self, session: Session, password_hash: str, proof: SecondProof) -> bool:
        with self._database.write() as connection:
            used = self._use_up(connection, session.person, password_hash, proof)
            if used:
                self._chain.append(connection, [begin_session(connection, session, self._database.clock.now())])
            return used

    def fail(self, person: str, peer: str) -> bool:
        """A name that is nobody's costs the same write, so that the time says nothing."""
        now = self._database.clock.now()
        with self._database.write() as connection:
            where = (login.c.person_id == person, login.c.locked_until <= now)
            counted = update(login).where(*where).values(failures=login.c.failures + 1)
            row = connection.execute(counted.returning(login.c.failures)).one_or_none()
            is_known = connection.execute(select(login.c.person_id).where(login.c.person_id == person)).first()
            subject = person if is_known else NOBODY
            self._note(connection, "LogInFailed", NOBODY, subject, {"peer": peer})
            if row is None or row.failures < MOST_FAILURES:
                return False
            locked = {"failures": 0, "locked_until": now + LOCKED_FOR}
            connection.execute(update(login).where(login.c.person_id == person).values(**locked))
            ended = end_sessions(connection, person)
            self._note(connection, "LogInLocked", NOBODY, person, {"peer": peer, "sessions_ended": ended})
            return True

    def session(self, token_hash: bytes) -> Session | None:
        query = select(login_session).where(login_session.c.token_hash == token_hash)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _session(row)

    def seen(self, token_hash: bytes) -> None:
        now = self._database.clock.now()
        with self._database.write() as connection:
            connection.execute(
                update(login_session).where(login_session.c.token_hash == token_hash).values(seen_at=now)
            )

    def close(self, session: Session, actor: str = "") -> None:
        """`actor`: who ends it, when it is not the session's own person."""
        with self._database.write() as connection:
            gone = delete(login_session).where(login_session.c.token_hash == session.token_hash)
            if connection.execute(gone).rowcount:
                by = actor or session.person
                self._note(connection, "LoggedOut", by, session.person, {"session": session.name})

    def sessions(self, person: str) -> Sequence[Session]:
        """Those that are good now, the newest first; of everybody when `person` is empty."""
        query = select(login_session).order_by(login_session.c.began_at.desc())
        if person:
            query = query.where(login_session.c.person_id == person)
        now = self._database.clock.now()
        with self._database.read() as connection:
            return [each for each in map(_session, connection.execute(query)) if each.is_live(now)]

    def set_password(self, person: str, password_hash: str, actor: str, reason: str, instead_of: str = "") -> bool:
        """Also ends a lock and every session. False when it is no longer `instead_of` that it replaces."""
        with self._database.write() as connection:
            kept = connection.execute(select(login.c.password_hash).where(login.c.person_id == person)).scalar()
            if instead_of and kept != instead_of:
                return False
            self._keep(connection, person, password_hash=password_hash, failures=0, locked_until=0.0)
            detail: dict[str, object] = {"reason": reason, "sessions_ended": end_sessions(connection, person)}
            self._note(connection, "PasswordSet", actor, person, detail)
            return True

    def set_second_factor(
        self, person: str, recovery: Sequence[bytes], actor: str, reason: str, keep: Callable[[], None] | None = None
    ) -> None:
        """The security keys and recovery codes of before are void, and every session ends."""
        with self._database.write() as connection:
            if keep is not None:
                keep()
            self._keep(connection, person, last_step=-1)
            connection.execute(delete(recovery_code).where(recovery_code.c.person_id == person))
            connection.execute(delete(security_key).where(security_key.c.person_id == person))
            for each in recovery:
                connection.execute(recovery_code.insert().values(person_id=person, code_hash=each))
            detail: dict[str, object] = {"reason": reason, "sessions_ended": end_sessions(connection, person)}
            self._note(connection, "SecondFactorSet", actor, person, detail)

    def set_recovery_codes(self, person: str, recovery: Sequence[bytes]) -> None:
        """By the person, who is logged in; the codes of before are void."""
        with self._database.write() as connection:
            connection.execute(delete(recovery_code).where(recovery_code.c.person_id == person))
            for each in recovery:
                connection.execute(recovery_code.insert().values(person_id=person, code_hash=each))
            self._note(connection, "RecoveryCodesSet", person, person, {"codes": len(recovery)})

    def unlock(self, person: str, actor: str, reason: str) -> None:
        with self._database.write() as connection:
            freed = update(login).where(login.c.person_id == person).values(failures=0, locked_until=0.0)
            connection.execute(freed)
            self._note(connection, "LogInUnlocked", actor, person, {"reason": reason})

    def last_logins(self) -> Mapping[str, float]:
        """When each person last got in."""
        with self._database.read() as connection:
            return {row.person_id: row.at for row in connection.execute(select(last_login))}

    def all(self) -> Mapping[str, Login]:
        """Of everybody who has a password or a second factor."""
        query = select(login, func.count(recovery_code.c.code_hash)).select_from(
            login.outerjoin(recovery_code, recovery_code.c.person_id == login.c.person_id)
        )
        with self._database.read() as connection:
            return {row[0]: Login(*row) for row in connection.execute(query.group_by(*login.c))}

    def sign_out(self, person: str, actor: str, reason: str) -> int:
        with self._database.write() as connection:
            ended = end_sessions(connection, person)
            self._note(connection, "SignedOut", actor, person, {"reason": reason, "sessions_ended": ended})
            return ended

    def _keep(self, connection: Connection, person: str, **changed: object) -> None:
        fresh = {"password_hash": "", "last_step": -1, "failures": 0, "locked_until": 0.0}
        statement = self._insert(login).values(person_id=person, **fresh | changed)
        connection.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=changed))

    def _use_up(self, connection: Connection, person: str, password_hash: str, proof: SecondProof) -> bool:
        """Of two that come with the same code at once, the first alone gets in."""
        same_password = login.c.password_hash == password_hash  # it takes long to check, and may be changed meanwhile
        free = and_(login.c.person_id == person, same_password, login.c.locked_until <= self._database.clock.now())
        if proof.step is not None:
            newer = update(login).where(free, login.c.last_step < proof.step)
            return connection.execute(newer.values(failures=0, last_step=proof.step)).rowcount == 1
        if connection.execute(select(login.c.person_id).where(free)).first() is None:
            return False
        if proof.key_id:
            if not use_key(connection, person, proof, self._database.clock.now()):
                return False
            connection.execute(update(login).where(free).values(failures=0))
            return True
        same = and_(recovery_code.c.person_id == person, recovery_code.c.code_hash == proof.recovery_hash)
        if connection.execute(delete(recovery_code).where(same)).rowcount != 1:
            return False
        connection.execute(update(login).where(free).values(failures=0))
        return True

    def _note(self, connection: Connection, kind: str, actor: str, subject: str, detail: dict[str, object]) -> None:
        self._chain.append(connection, [Event(kind, self._database.clock.now(), actor, None, subject, detail)])


def begin_session(connection: Connection, session: Session, now: float) -> Event:
    """Keeps it, and throws out what is over; the event is the caller's to append."""
    connection.execute(delete(login_session).where(_is_over(now)))
    connection.execute(
        login_session.insert().values(
            token_hash=session.token_hash,
            person_id=session.person,
            began_at=session.began_at,
            seen_at=session.seen_at,
            peer=session.peer,
            proved_by=session.proved_by,
        )
    )
    connection.execute(delete(last_login).where(last_login.c.person_id == session.person))
    connection.execute(
        last_login.insert().values(person_id=session.person, at=session.began_at, proved_by=session.proved_by)
    )
    detail: dict[str, object] = {
        "peer": session.peer,
        "second_factor": session.proved_by,
        "session": session.name,
    }
    return Event("LoggedIn", now, session.person, None, session.person, detail)


def end_sessions(connection: Connection, person: str) -> int:
    """Whoever changes something about a person makes them log in again; returns how many sessions there were."""
    return connection.execute(delete(login_session).where(login_session.c.person_id == person)).rowcount


def _is_over(now: float) -> Any:
    return or_(login_session.c.seen_at < now - IDLE, login_session.c.began_at < now - LONGEST)


def _session(row: Row[Any]) -> Session:
    return Session(bytes(row.token_hash), row.person_id, row.began_at, row.seen_at, row.peer, row.proved_by)
