"""Hashes passwords by Argon2id (RFC 9106); implements `ports.Passwords`."""

from __future__ import annotations

import hmac
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Each takes 64 MiB and a processor: a crowd at the door must not take the gateway's memory."""


class Argon2Passwords:
    """`pepper` is from the keystore: a copy of the database alone gives nothing to guess at."""

    def __init__(self, pepper: bytes, hasher: PasswordHasher | None = None) -> None:
        self._pepper = pepper
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._decoy = ""

    @property
    def decoy(self) -> str:
        self._decoy = self._decoy or self.hash_of(secrets.token_hex(32))
        return self._decoy

    def hash_of(self, password: str) -> str:
        with self._turns:
            return self._hasher.hash(self._keyed(password))

    def matches(self, kept: str, password: str) -> bool:
        with self._turns:
            try:
                return self._hasher.verify(kept, self._keyed(password))
            except (VerificationError, InvalidHashError):
                return False

    def _keyed(self, password: str) -> str:
        return hmac.digest(self._pepper, b"password " + password.encode("utf-8", "surrogatepass"), "sha256").hex()
