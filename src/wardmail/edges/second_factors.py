"""Keeps the secrets of people's authenticator apps in the keystore; implements `ports.SecondFactors`."""

from __future__ import annotations

from collections.abc import Callable

from wardmail.edges.keystore import Keystore

KIND = "second-factor"
"""Of keystore entry: a copy of the database holds no secret of anybody's authenticator."""


class KeystoreSecondFactors:
    def __init__(self, keystore: Callable[[], Keystore]) -> None:
        """Opened when it is first asked: what needs no secret of anybody is done without it."""
        self._keystore = keystore

    def of(self, person: str) -> bytes | None:
        return self._keystore().reveal(_entry(person)) if self.has(person) else None

    def has(self, person: str) -> bool:
        # Somebody who set one up a moment ago, in another process, logs in now; who lost one is out at once.
        self._keystore().look_again()
        return _entry(person) in self._keystore().names(KIND)

    def put(self, person: str, secret: bytes) -> None:
        self._keystore().put(_entry(person), KIND, secret)

    def forget(self, person: str) -> None:
        if self.has(person):
            self._keystore().delete_all((_entry(person),))


def _entry(person: str) -> str:
    return f"{KIND}:{person}"
