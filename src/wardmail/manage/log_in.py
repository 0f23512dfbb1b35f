"""Lets a person in by password and second factor, and knows them again by the session's token (SHARE-11, SHARE-12)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from wardmail.manage.integrations import BadInput
from wardmail.model.login import Login, SecondProof, Session
from wardmail.model.person import Person
from wardmail.ports import Clock, Logins, Passwords, PersonRecords
from wardmail.protect.credentials import secret_hash
from wardmail.protect.one_time_code import DIGITS, step_of

SHORTEST, LONGEST = 12, 256
RECOVERY_CODES = 10
_SEEN_EVERY = 60.0
"""Seconds; a session's last use is not written more often."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What checks the second proof. `secret_of` gives nothing for somebody who has none; `pepper` keys the hashes."""

    secret_of: Callable[[str], bytes | None]
    pepper: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """A person, and what is kept to check their log-in."""

    person: Person
    login: Login


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is logged in; `token` is what their browser holds."""

    person: Person
    session: Session
    token: str

    @property
    def form_token(self) -> str:
        """Stands in every form: another site can make a browser send a form, but cannot know this."""
        return self.proof_of("form")

    def proof_of(self, what: str) -> str:
        return hmac.digest(self.token.encode(), what.encode(), "sha256").hex()

    def proves(self, what: str, proof: str) -> bool:
        return hmac.compare_digest(self.proof_of(what).encode(), proof.encode())


class LoginDesk:
    """Everything blocks; `log_in` for as long as a password takes to hash."""

    def __init__(
        self, logins: Logins, people: PersonRecords, passwords: Passwords, second: SecondFactor, clock: Clock
    ) -> None:
        self._logins = logins
        self._people = people
        self._passwords = passwords
        self._second = second
        self._clock = clock

    def log_in(self, name: str, password: str, code: str, peer: str) -> Visitor | None:
        """None whatever was wrong: the same work is done for a name that is nobody's."""
        known, now = self.by_password(name, password), self._clock.now()
        proof = None if known is None else self._second_proof(known.login, code, now)
        visitor = None if known is None or proof is None else self.open(known, proof, peer)
        if visitor is None:
            self.fail(name, peer)
        return visitor

    def by_password(self, name: str, password: str) -> Known | None:
        """Whose password it is: half of what lets somebody in. Whoever asks counts the failure."""
        name = _typed(name)
        person, login = self._people.one(name), self._logins.find(name)
        kept = login.password_hash if login is not None and login.password_hash else self._passwords.decoy
        is_right = self._passwords.matches(kept, password[:LONGEST])
        if person is None or login is None or not (is_right and person.is_here):
            return None
        return Known(person, login) if login.locked_until <= self._clock.now() else None

    def open(self, known: Known, proof: SecondProof, peer: str) -> Visitor | None:
        visitor = new_session(known.person, self._clock.now(), peer, proof.words)
        return visitor if self._logins.open(visitor.session, known.login.password_hash, proof) else None

    def fail(self, name: str, peer: str) -> None:
        self._logins.fail(_typed(name), peer)

    def known(self, name: str) -> Known | None:
        """Somebody whose password was checked a moment ago."""
        person, login = self._people.one(name), self._logins.find(name)
        return Known(person, login) if person is not None and login is not None and person.is_here else None

    def recognise(self, token: str) -> Visitor | None:
        """Who has this token; whoever left or whose roles changed is out at once, because the record is read anew."""
        session = self._logins.session(_hash(token))
        now = self._clock.now()
        if session is None or not session.is_live(now):
            return None
        person = self._people.one(session.person)
        if person is None or not person.is_here:
            return None
        if now - session.seen_at > _SEEN_EVERY:
            self._logins.seen(session.token_hash)
        return Visitor(person, session, token)

    def log_out(self, token: str) -> None:
        session = self._logins.session(_hash(token))
        if session is not None:
            self._logins.close(session)

    def _second_proof(self, login: Login, typed: str, now: float) -> SecondProof | None:
        """A one-time code or a recovery code; somebody without a second factor is not let in."""
        secret = self._second.secret_of(login.person)
        code = "".join(each for each in typed if each.isalnum())
        if secret is None or not code.isascii():
            return None
        if len(code) != DIGITS:
            return SecondProof(recovery_hash=recovery_hash(self._second.pepper, code))
        step = step_of(secret, code, now)
        return None if step is None or step <= login.last_step else SecondProof(step)


def new_session(person: Person, now: float, peer: str, proved_by: str) -> Visitor:
    """With a token that nobody had before; it is good once the store has it."""
    token = secrets.token_urlsafe(32)
    return Visitor(person, Session(_hash(token), person.id, now, now, peer, proved_by), token)


def checked_password(password: str, person: Person) -> str | BadInput:
    """Length is what counts; no rules about digits and signs (NCSC: three random words)."""
    if not SHORTEST <= len(password) <= LONGEST:
        return BadInput(f"A password has {SHORTEST} to {LONGEST} characters; three random words are good.")
    if len(set(password)) < 5 or person.id in password.lower():
        return BadInput("That password is too easy to guess; three random words are good.")
    return password


def new_recovery_codes() -> tuple[str, ...]:
    """80 random bits each, as they are shown once."""
    codes = (secrets.token_hex(10) for _ in range(RECOVERY_CODES))
    return tuple("-".join(code[at : at + 5] for at in range(0, 20, 5)) for code in codes)


def recovery_hash(pepper: bytes, code: str) -> bytes:
    return secret_hash(pepper, "recovery " + "".join(each for each in code.lower() if each.isalnum()))


def _typed(name: str) -> str:
    return name.strip().lower()[:64]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
