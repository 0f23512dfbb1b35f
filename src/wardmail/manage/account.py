"""What people do about their own log-in: sessions, password, recovery codes, security keys (SHARE-12)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from wardmail.manage.begun import LASTS, Beginnings
from wardmail.manage.integrations import BadInput
from wardmail.manage.key_log_in import KeyQuestion
from wardmail.manage.log_in import (
    Known,
    LoginDesk,
    SecondFactor,
    Visitor,
    checked_password,
    new_recovery_codes,
    recovery_hash,
)
from wardmail.model.login import Login, SecurityKey, Session
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock, Logins, Passwords, SecurityKeys, SpentProofs
from wardmail.protect.security_key import KeyPlace, new_key, to_register

_NOT_YOURS = BadInput("That is not your present password. After eight failures your account is locked for 15 minutes.")
_ASKED = BadInput("You logged in more than ten minutes ago: type your own password too.")
_ANEW = BadInput(
    "You logged in more than ten minutes ago. Log out, log in again by your organisation's account, and do it then."
)
_NOT_ADDED = BadInput("The key could not be added. Begin again, and use a key that you have not added before.")


FRESH = 600.0
"""Seconds after a log-in in which nobody is asked again whether it is still they who sit there."""


class Confirmation(Enum):
    """What somebody must do before they give power or a way in: ANEW is for those who have no password of this gateway."""

    NONE = "none"
    PASSWORD = "password"  # noqa: S105 (a kind of proof)
    ANEW = "log in anew"


@dataclass(frozen=True, slots=True)
class Account:
    """`login` is None for somebody who has no password of this gateway, `has_app` while the keystore does not answer."""

    sessions: Sequence[Session]
    login: Login | None
    keys: Sequence[SecurityKey]
    has_app: bool | None


@dataclass(frozen=True, slots=True)
class AccountStores:
    logins: Logins
    keys: SecurityKeys
    spent: SpentProofs
    passwords: Passwords


class AccountDesk:
    """Everything blocks. Whatever would help whoever sits down at somebody else's browser asks for the password anew."""

    def __init__(
        self, desk: LoginDesk, stores: AccountStores, second: SecondFactor, place: KeyPlace, clock: Clock
    ) -> None:
        self._desk = desk
        self._stores = stores
        self._second = second
        self._place = place
        self._clock = clock
        self._beginnings = Beginnings("new key", second.pepper, clock)

    def show(self, person: str) -> Account:
        login = self._stores.logins.find(person)
        has_password = login is not None and bool(login.password_hash)
        sessions, keys = self._stores.logins.sessions(person), self._stores.keys.of(person)
        return Account(sessions, login if has_password else None, keys, self._has_app(person))

    def confirmation_of(self, visitor: Visitor) -> Confirmation:
        """What is asked of them before a grave act about people (SHARE-12)."""
        if self._clock.now() < visitor.session.began_at + FRESH:
            return Confirmation.NONE
        login = self._stores.logins.find(visitor.person.id)
        return Confirmation.PASSWORD if login is not None and login.password_hash else Confirmation.ANEW

    def confirm(self, visitor: Visitor, present: str) -> BadInput | None:
        """Before a grave act: a browser that was left open gives nobody power. A wrong password counts as a failed log-in."""
        match self.confirmation_of(visitor):
            case Confirmation.NONE:
                return None
            case Confirmation.ANEW:
                return _ANEW
            case Confirmation.PASSWORD:
                known = self._confirmed(visitor, present) if present else _ASKED
                return known if isinstance(known, BadInput) else None

    def end_session(self, visitor: Visitor, name: str) -> int:
        """`name` of one of the person's own sessions, or `others`. How many ended."""
        mine = self._stores.logins.sessions(visitor.person.id)
        others = [each for each in mine if each.token_hash != visitor.session.token_hash]
        ending = others if name == "others" else [each for each in mine if each.name == name]
        for each in ending:
            self._stores.logins.close(each)
        return len(ending)

    def change_password(self, visitor: Visitor, present: str, new: str) -> BadInput | None:
        """Every session ends, this one too."""
        known = self._confirmed(visitor, present)
        checked = checked_password(new, visitor.person)
        if isinstance(known, BadInput):
            return known
        if isinstance(checked, BadInput):
            return checked
        hashed, person = self._stores.passwords.hash_of(checked), visitor.person.id
        kept = known.login.password_hash
        is_set = self._stores.logins.set_password(person, hashed, person, "by themselves", instead_of=kept)
        return None if is_set else BadInput("Your password was changed at the same moment. Log in again.")

    def new_codes(self, visitor: Visitor, present: str) -> tuple[str, ...] | BadInput:
        """Shown now or never; those of before are void."""
        known = self._confirmed(visitor, present)
        if isinstance(known, BadInput):
            return known
        codes = new_recovery_codes()
        hashes = [recovery_hash(self._second.pepper, each) for each in codes]
        self._stores.logins.set_recovery_codes(visitor.person.id, hashes)
        return codes

    def begin_key(self, visitor: Visitor, present: str, name: str) -> KeyQuestion | BadInput:
        known = self._confirmed(visitor, present)
        if isinstance(known, BadInput):
            return known
        name = " ".join(name.split())
        if not 0 < len(name) <= 60 or not name.isprintable():
            return BadInput("Give the key a name of up to 60 characters, as 'blue key'.")
        begun, person = self._beginnings.begin(visitor.session.name, name), visitor.person
        handle = hashlib.sha256(f"wardmail {person.id}".encode()).digest()
        mine = [each.id for each in self._stores.keys.of(person.id)]
        challenge = bytes.fromhex(begun.proof("challenge"))
        asked = to_register(self._place, challenge, (person.id, person.name), handle, mine)
        return KeyQuestion(asked, begun.cookie)

    def finish_key(self, visitor: Visitor, cookie: str, answer: str) -> str | BadInput:
        """The new key's name."""
        begun = self._beginnings.opened(cookie)
        if begun is None or begun.parts[0] != visitor.session.name:
            return _NOT_ADDED
        if not self._stores.spent.spend(f"new key {begun.id}", self._clock.now() + LASTS):
            return _NOT_ADDED
        made = new_key(answer, bytes.fromhex(begun.proof("challenge")), self._place)
        if made is None:
            return _NOT_ADDED
        now, name = self._clock.now(), begun.parts[1]
        key = SecurityKey(visitor.person.id, made.id, name, made.public_key, made.sign_count, now)
        return name if self._stores.keys.add(key) else _NOT_ADDED

    def remove_key(self, visitor: Visitor, key: bytes) -> bool:
        return self._stores.keys.remove(visitor.person.id, key)

    def _has_app(self, person: str) -> bool | None:
        try:
            return self._second.secret_of(person) is not None
        except Unavailable:
            return None

    def _confirmed(self, visitor: Visitor, present: str) -> Known | BadInput:
        known = self._desk.by_password(visitor.person.id, present)
        if known is None:
            self._desk.fail(visitor.person.id, visitor.session.peer)
            return _NOT_YOURS
        return known
