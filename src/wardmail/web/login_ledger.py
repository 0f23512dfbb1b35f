"""What every door of one process that people or programs log in at asks about an address."""

from __future__ import annotations

from typing import Protocol

from wardmail.web import PERSON_KEY_PREFIX


def of_person(name: str) -> str:
    """How a person is counted at every door, whatever they prove themselves by; a user name of an application is another."""
    return PERSON_KEY_PREFIX + name


class LoginLedger(Protocol):
    """Counts failed log-ins by address. `now` of a steady clock."""

    def is_locked_out(self, peer: str, username: str, now: float) -> bool: ...

    def record_failed_login(self, peer: str, username: str, now: float) -> None: ...
