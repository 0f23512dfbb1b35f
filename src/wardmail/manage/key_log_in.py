"""Lets a person in by password and security key; the question is asked once, in the browser where the password was typed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from wardmail.manage.begun import LASTS, Beginnings
from wardmail.manage.log_in import Known, LoginDesk, Visitor
from wardmail.model.login import SecondProof
from wardmail.ports import Clock, SecurityKeys, SpentProofs
from wardmail.protect.security_key import KeyPlace, key_of, new_count, to_prove


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    """`asked` is JSON for the browser; `cookie` must come back with the answer."""

    asked: str
    cookie: str


class KeyDesk:
    """Everything blocks."""

    def __init__(
        self, desk: LoginDesk, keys: SecurityKeys, spent: SpentProofs, place: KeyPlace, *, clock: Clock, pepper: bytes
    ) -> None:
        self._desk = desk
        self._keys = keys
        self._spent = spent
        self._place = place
        self._clock = clock
        self._beginnings = Beginnings("log-in by key", pepper, clock)

    def begin(self, name: str, password: str, peer: str) -> KeyQuestion | None:
        """None whatever was wrong, also when the person has no key: only who knows the password learns of keys."""
        known = self._desk.by_password(name, password)
        keys = self._keys.of(known.person.id) if known is not None else ()
        if known is None or not keys:
            self._desk.fail(name, peer)
            return None
        begun = self._beginnings.begin(known.person.id, _mark(known))
        asked = to_prove(self._place, bytes.fromhex(begun.proof("challenge")), [each.id for each in keys])
        return KeyQuestion(asked, begun.cookie)

    def finish(self, cookie: str, answer: str, peer: str) -> Visitor | None:
        begun = self._beginnings.opened(cookie)
        if begun is None or not self._spent.spend(f"key {begun.id}", self._clock.now() + LASTS):
            return None
        name, mark = begun.parts
        known = self._desk.known(name)
        if known is None or not hmac.compare_digest(_mark(known), mark):
            return None
        proof = self._proof(name, answer, bytes.fromhex(begun.proof("challenge")))
        visitor = None if proof is None else self._desk.open(known, proof, peer)
        if visitor is None:
            self._desk.fail(name, peer)
        return visitor

    def _proof(self, name: str, answer: str, challenge: bytes) -> SecondProof | None:
        wanted = key_of(answer)
        key = next((each for each in self._keys.of(name) if each.id == wanted), None)
        count = None if key is None else new_count(answer, key, challenge, self._place)
        return None if key is None or count is None else SecondProof(key_id=key.id, key_count=count)


def _mark(known: Known) -> str:
    """Of the password that was checked: another one in the meantime, and the log-in begins anew."""
    return hashlib.sha256(known.login.password_hash.encode()).hexdigest()
