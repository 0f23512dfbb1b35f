"""Chooses what the log-in of people stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wardmail.app.installation import Installation

if TYPE_CHECKING:
    from wardmail.edges.passwords import Argon2Passwords
    from wardmail.manage.log_in import LoginDesk

SECOND_FACTOR = "second-factor"
"""The kind of keystore entry; a copy of the database holds no secret of anybody's authenticator."""


def second_factor_entry(person: str) -> str:
    return f"{SECOND_FACTOR}:{person}"


def passwords_of(installation: Installation) -> Argon2Passwords:
    from wardmail.edges.passwords import Argon2Passwords

    return Argon2Passwords(installation.pepper)


def login_desk(installation: Installation) -> LoginDesk:
    from wardmail.manage.log_in import LoginDesk, SecondFactor

    keystore = installation.keystore

    def secret_of(person: str) -> bytes | None:
        name = second_factor_entry(person)
        return keystore.reveal(name) if name in keystore.names(SECOND_FACTOR) else None

    second = SecondFactor(secret_of, installation.pepper)
    return LoginDesk(installation.logins, installation.people, passwords_of(installation), second, installation.clock)
