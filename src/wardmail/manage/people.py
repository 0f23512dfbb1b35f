"""Registers people, proves who somebody is, and says what they may not do."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from wardmail.manage.integrations import BadInput, new_secret
from wardmail.model.person import Permission, Person, Role, has_owner
from wardmail.model.provider_login import ProviderWord, Unvouched
from wardmail.ports import PersonRecords
from wardmail.protect.credentials import secret_hash
from wardmail.protocol.address import InvalidAddress, parse_address

_ID = re.compile(r"[a-z][a-z0-9._-]{1,62}").fullmatch
_NOBODY = bytes(32)


def checked_person(person: Person, others: Mapping[str, Person]) -> Person | BadInput:
    """A new or changed record in the form in which it is kept. `others` are the records of everybody."""
    if not _ID(person.id):
        return BadInput(f"{person.id!r} is no name for a person: 2 to 63 small letters, digits, dots and hyphens.")
    if not person.name.strip() or not person.name.isprintable():
        return BadInput("A person needs a name that people know, as 'Amina Khan'.")
    if not person.roles and person.is_here:
        return BadInput("A person needs a role.")
    email = _checked_email(person.email)
    if isinstance(email, BadInput):
        return email
    for login in person.logins:
        other = for_login(others.values(), login)
        if other is not None and other.id != person.id:
            return BadInput(f"The account {login} already stands for {other.id}: one account, one person.")
    changed = replace(person, name=person.name.strip(), email=email, roles=tuple(dict.fromkeys(person.roles)))
    if not has_owner({**others, person.id: changed}.values()) and has_owner(others.values()):
        return BadInput("That would leave nobody with the role owner; give it to another person first.")
    return changed


def _checked_email(text: str) -> str | BadInput:
    if not text:
        return ""
    address = parse_address(text)
    return (
        BadInput(f"{text!r} is no e-mail address: {address.reason}")
        if isinstance(address, InvalidAddress)
        else str(address)
    )


def first_owner(login: str, now: float) -> Person:
    """Who sets a gateway up owns it, until somebody else is registered."""
    name = re.sub(r"[^a-z0-9._-]", "-", login.lower())
    return Person(name if _ID(name) else "owner", login, roles=(Role.OWNER,), logins=(login,), added_at=now)


def with_new_key(person: Person, pepper: bytes) -> tuple[Person, str]:
    """The person with a new key, and the key itself, which is shown now or never."""
    key = new_secret()
    return replace(person, key_hash=secret_hash(pepper, key)), key


def proves(person: Person, key: str, pepper: bytes) -> bool:
    return bool(person.key_hash) and hmac.compare_digest(person.key_hash, secret_hash(pepper, key))


def by_key(people: PersonRecords, person_id: str, key: str, pepper: bytes) -> Person | None:
    """Whom a key proves, of those who are here; a name that is nobody's costs as much as a wrong key. Blocking."""
    found = people.one(person_id) if _ID(person_id) else None
    kept = found.key_hash if found is not None else b""
    is_theirs = hmac.compare_digest(kept or _NOBODY, secret_hash(pepper, key))
    return found if found is not None and found.is_here and kept and is_theirs else None


def vouched(person: Person, word: ProviderWord | None, now: float, lasts: float) -> Person | Unvouched:
    """Who is proved by their own key, in no more roles than the provider gave them last, `lasts` seconds ago at most."""
    if word is None:
        return person
    if now - word.at > lasts:
        return Unvouched(word.at)
    if word.roles is None:
        return person
    return replace(person, roles=tuple(role for role in person.roles if role in word.roles))


def for_login(people: Iterable[Person], login: str) -> Person | None:
    """Whom an account of this machine stands for."""
    return next((each for each in people if each.is_here and login in each.logins), None)


def who_may(people: Iterable[Person], permission: Permission) -> tuple[Person, ...]:
    """To whom somebody without the permission can turn."""
    return tuple(each for each in people if each.may(permission))
