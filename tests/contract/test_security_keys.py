"""Security keys and what the store says of people's log-ins, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wardmail.model.login import SecondProof, SecurityKey, Session
from wardmail.store.connection import Database
from wardmail.store.logins import StoreLogins
from wardmail.store.security_keys import MOST, StoreSecurityKeys

KEY = SecurityKey("amina", b"key-1", "blue key", b"public", 5, 1_000_000.0)


@pytest.fixture
def keys(database: Database) -> StoreSecurityKeys:
    logins = StoreLogins(database)
    logins.set_password("amina", "hash", "owner", "new")
    logins.set_second_factor("amina", [b"one"], "owner", "new")
    made = StoreSecurityKeys(database)
    assert made.add(KEY)
    return made


def opened(database: Database, count: int, key: bytes = b"key-1", token: bytes = b"t") -> bool:
    now = database.clock.now()
    session = Session(token, "amina", now, now, "192.0.2.1", "security key")
    return StoreLogins(database).open(session, "hash", SecondProof(key_id=key, key_count=count))


def test_a_key_is_one_person_s(keys: StoreSecurityKeys) -> None:
    assert list(keys.of("amina")) == [KEY]
    assert list(keys.of("ben")) == []
    assert not keys.add(replace(KEY, person="ben"))
    assert not keys.add(replace(KEY, name="again"))


def test_nobody_has_more_keys_than_anybody_needs(keys: StoreSecurityKeys) -> None:
    assert [keys.add(replace(KEY, id=b"%d" % n)) for n in range(MOST)] == [True] * (MOST - 1) + [False]


def test_only_a_count_that_grows_lets_in(keys: StoreSecurityKeys, database: Database) -> None:
    assert not opened(database, 5)
    assert not opened(database, 0)
    assert opened(database, 6)
    assert not opened(database, 6, token=b"u")
    assert not opened(database, 9, b"another", b"u")
    (kept,) = keys.of("amina")
    assert kept.sign_count == 6
    assert kept.used_at is not None
    assert StoreLogins(database).last_logins()["amina"] > 0


def test_a_failure_is_not_forgotten_by_a_key_that_does_not_serve(keys: StoreSecurityKeys, database: Database) -> None:
    logins = StoreLogins(database)
    logins.fail("amina", "192.0.2.1")
    opened(database, 1)
    assert logins.all()["amina"].failures == 1
    opened(database, 6)
    assert logins.all()["amina"].failures == 0


def test_a_removed_key_is_gone_and_nobody_removes_another_s(keys: StoreSecurityKeys, database: Database) -> None:
    assert not keys.remove("ben", b"key-1")
    assert keys.remove("amina", b"key-1")
    assert not keys.remove("amina", b"key-1")
    assert not opened(database, 6)


def test_a_new_second_factor_takes_the_keys_away(keys: StoreSecurityKeys, database: Database) -> None:
    StoreLogins(database).set_second_factor("amina", [], "owner", "lost")
    assert list(keys.of("amina")) == []


def test_a_password_replaces_only_the_one_that_was_checked(keys: StoreSecurityKeys, database: Database) -> None:
    logins = StoreLogins(database)
    assert not logins.set_password("amina", "newer", "amina", "", instead_of="not this")
    assert logins.set_password("amina", "newer", "amina", "", instead_of="hash")
    assert logins.all()["amina"].password_hash == "newer"
    assert logins.all()["amina"].recovery_left == 1
