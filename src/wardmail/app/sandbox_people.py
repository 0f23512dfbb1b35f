"""Two people of the sandbox, with a new password at each start and codes that serve once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from wardmail.app.installation import Installation
from wardmail.app.log_in_wiring import factors_of, passwords_of
from wardmail.model.person import Person, Role

_PEOPLE = (
    ("demo", "Demo owner", Role.OWNER, "owner@demo.example"),
    ("demo2", "Demo colleague", Role.GOVERNANCE, "colleague@demo.example"),
)


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """`codes` are recovery codes: they stand in for an authenticator that a newcomer has not set up."""

    name: str
    password: str
    codes: tuple[str, ...]


def let_people_in(installation: Installation) -> tuple[DemoLogin, ...]:
    """Nothing of an earlier start lets in any more. The sandbox listens on loopback alone."""
    from wardmail.manage.log_in import new_recovery_codes, recovery_hash

    made = []
    for name, full_name, role, email in _PEOPLE:
        if installation.people.one(name) is None:
            now = installation.clock.now()
            installation.people.save(Person(name, full_name, roles=(role,), email=email, added_at=now), "sandbox")
        login = DemoLogin(name, secrets.token_hex(8), new_recovery_codes())
        hashed = passwords_of(installation).hash_of(login.password)
        installation.logins.set_password(name, hashed, "sandbox", "wardmail run")
        factors_of(installation).put(name, secrets.token_bytes(20))
        hashes = [recovery_hash(installation.pepper, each) for each in login.codes]
        installation.logins.set_second_factor(name, hashes, "sandbox", "wardmail run")
        made.append(login)
    return tuple(made)
