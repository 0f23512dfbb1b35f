"""What an owner does about people, at the command line and on the pages alike: who they are, their roles, their log-in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from wardmail.manage.integrations import BadInput
from wardmail.manage.log_in import checked_password, new_recovery_codes, recovery_hash
from wardmail.manage.people import checked_person, with_new_key
from wardmail.model.login import Login, Session
from wardmail.model.person import Person
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock, Logins, Passwords, PeopleBook, SecondFactors
from wardmail.protect.one_time_code import setting_up


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one person. `last_login` in seconds since the epoch; `has_app` None: the keystore does not answer."""

    person: Person
    login: Login | None
    last_login: float | None
    has_app: bool | None
    sessions: Sequence[Session]

    def is_locked(self, now: float) -> bool:
        return self.login is not None and self.login.locked_until > now


@dataclass(frozen=True, slots=True)
class NewFactor:
    """Shown once. `secret` is for an authenticator app; `address` is the same as a QR code has it."""

    secret: str
    address: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogInStores:
    logins: Logins
    factors: SecondFactors
    passwords: Callable[[], Passwords]


class PeopleDesk:
    """Everything blocks. That the actor may manage people is checked before: by the command, or before the page.

    `issuer` is what an authenticator app calls the gateway. The keystore, where secrets and the pepper are, is asked for
    what makes or checks a secret and for nothing else: who is under suspicion is signed out while it is away.
    """

    def __init__(
        self, people: PeopleBook, stores: LogInStores, pepper: Callable[[], bytes], clock: Clock, issuer: str
    ) -> None:
        self._people = people
        self._stores = stores
        self._pepper = pepper
        self._clock = clock
        self._issuer = issuer

    def all(self) -> Mapping[str, Person]:
        return self._people.all()

    def standings(self) -> list[Standing]:
        """Of everybody who is here, by name."""
        logins, last = self._stores.logins.all(), self._stores.logins.last_logins()
        sessions = self._stores.logins.sessions("")
        return [
            Standing(
                each,
                logins.get(each.id),
                last.get(each.id),
                self._has_app(each.id),
                [session for session in sessions if session.person == each.id],
            )
            for each in sorted(self._people.all().values(), key=lambda person: person.name.lower())
            if each.is_here
        ]

    def add(self, wanted: Person, actor: Person) -> tuple[Person, str] | BadInput:
        """The person, and the key by which they prove themselves at a command line: shown now or never."""
        fresh, key = with_new_key(replace(wanted, added_at=self._clock.now()), self._pepper())

        def step(people: Mapping[str, Person]) -> Person | BadInput:
            if wanted.id in people:
                return BadInput(f"There is a person {wanted.id} already, here or gone; names are never used again.")
            return checked_person(fresh, people)

        made = self._people.change(step, actor.id)
        return made if isinstance(made, BadInput) else (made, key)

    def change(self, wanted: Person, actor: Person, reason: str) -> Person | BadInput:
        """Name, address, roles and accounts. Whatever is changed, their sessions end."""
        return self._changed(
            wanted.id,
            lambda now: replace(now, name=wanted.name, email=wanted.email, roles=wanted.roles, logins=wanted.logins),
            actor,
            reason,
        )

    def new_key(self, person: Person, actor: Person, reason: str) -> tuple[Person, str] | BadInput:
        hashed, key = with_new_key(person, self._pepper())
        changed = self._changed(person.id, lambda now: replace(now, key_hash=hashed.key_hash), actor, reason)
        return changed if isinstance(changed, BadInput) else (changed, key)

    def revoke_key(self, person: Person, actor: Person, reason: str) -> Person | BadInput:
        """Nobody proves by it that they are this person: neither a program by the API nor anybody at a command line."""

        def without(now: Person) -> Person | BadInput:
            return replace(now, key_hash=b"") if now.key_hash else BadInput(f"{now.id} has no key.")

        return self._changed(person.id, without, actor, reason)

    def leave(self, person: Person, actor: Person, reason: str) -> Person | BadInput:
        """No key, account, password or session counts any more; the audit keeps the name."""
        at = self._clock.now()
        left = self._changed(person.id, lambda now: replace(now, left_at=at, key_hash=b"", logins=()), actor, reason)
        if not isinstance(left, BadInput):
            # What stays behind lets nobody in: the name is never used again.
            with suppress(Unavailable):
                self._stores.factors.forget(person.id)
        return left

    def _has_app(self, person: str) -> bool | None:
        try:
            return self._stores.factors.has(person)
        except Unavailable:
            return None

    def _changed(
        self, name: str, change: Callable[[Person], Person | BadInput], actor: Person, reason: str
    ) -> Person | BadInput:
        """From the record as it is at that moment: what was read before may bring back who has left since."""

        def step(people: Mapping[str, Person]) -> Person | BadInput:
            now = people.get(name)
            if now is None or not now.is_here:
                return BadInput(f"{name} is not here any more.")
            changed = change(now)
            return changed if isinstance(changed, BadInput) else checked_person(changed, people)

        return self._people.change(step, actor.id, reason)

    def set_password(self, person: Person, password: str, actor: Person, reason: str) -> BadInput | None:
        """Ends a lock and every session."""
        checked = checked_password(password, person)
        if isinstance(checked, BadInput):
            return checked
        self._stores.logins.set_password(person.id, self._stores.passwords().hash_of(checked), actor.id, reason)
        return None

    def new_second_factor(self, person: Person, actor: Person, reason: str) -> NewFactor:
        """The app, the security keys and the recovery codes of before stop working, and every session ends."""
        secret, codes = secrets.token_bytes(20), new_recovery_codes()
        hashes = [recovery_hash(self._pepper(), each) for each in codes]
        self._stores.logins.set_second_factor(
            person.id, hashes, actor.id, reason, keep=lambda: self._stores.factors.put(person.id, secret)
        )
        text, address = setting_up(secret, person.id, self._issuer)
        return NewFactor(text, address, codes)

    def unlock(self, person: Person, actor: Person, reason: str) -> None:
        self._stores.logins.unlock(person.id, actor.id, reason)

    def end_session(self, person: Person, name: str, actor: Person) -> bool:
        """One session, as lists call it."""
        found = [each for each in self._stores.logins.sessions(person.id) if each.name == name]
        for each in found:
            self._stores.logins.close(each, actor.id)
        return bool(found)

    def sign_out(self, person: Person, actor: Person, reason: str) -> int:
        return self._stores.logins.sign_out(person.id, actor.id, reason)
