"""Owners who change people at the same moment, on both databases: nobody comes back, and one owner stays."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from wardmail.edges.clock import SystemClock
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.edges.passwords import Argon2Passwords
from wardmail.edges.second_factors import KeystoreSecondFactors
from wardmail.manage.integrations import BadInput
from wardmail.manage.people_desk import LogInStores, PeopleDesk
from wardmail.model.person import Person, Role
from wardmail.store.connection import Database
from wardmail.store.logins import StoreLogins
from wardmail.store.people import StorePeople

AMINA = Person("amina", "Amina Khan", roles=(Role.OWNER,), key_hash=b"k" * 32)
BOSS = Person("boss", "Bo Ss", roles=(Role.OWNER,))


@pytest.fixture
def people(database: Database) -> StorePeople:
    made = StorePeople(database)
    for each in (AMINA, BOSS):
        made.save(each, "test")
    return made


@pytest.fixture
def desk(database: Database, people: StorePeople, tmp_path: Path) -> PeopleDesk:
    keystore = Keystore.create(tmp_path / "keystore.json", MasterKey(new_master_key().strip()))
    passwords = Argon2Passwords(b"pepper", PasswordHasher(1, 8, 1))
    stores = LogInStores(StoreLogins(database), KeystoreSecondFactors(lambda: keystore), lambda: passwords)
    return PeopleDesk(people, stores, lambda: b"pepper", SystemClock(), "Demo trust")


def test_who_left_does_not_come_back_by_a_change_that_was_begun_before(desk: PeopleDesk, people: StorePeople) -> None:
    seen = people.all()["amina"]
    assert isinstance(desk.leave(seen, BOSS, "left the trust"), Person)
    assert isinstance(desk.change(replace(seen, name="Amina K"), BOSS, "married"), BadInput)
    assert isinstance(desk.new_key(seen, BOSS, "lost"), BadInput)
    kept = people.all()["amina"]
    assert (kept.is_here, kept.key_hash) == (False, b"")


def test_a_key_is_revoked_once_and_of_nobody_who_left(desk: PeopleDesk, people: StorePeople) -> None:
    seen = people.all()["amina"]
    assert isinstance(desk.revoke_key(seen, BOSS, "it stood in a chat"), Person)
    assert people.all()["amina"].key_hash == b""
    assert isinstance(desk.revoke_key(seen, BOSS, "once more"), BadInput)
    assert isinstance(desk.leave(seen, BOSS, "left the trust"), Person)
    assert isinstance(desk.revoke_key(seen, BOSS, "to be sure"), BadInput)


def test_a_key_that_was_made_meanwhile_stays(desk: PeopleDesk, people: StorePeople) -> None:
    seen = people.all()["amina"]
    made = desk.new_key(seen, BOSS, "it was stolen")
    assert not isinstance(made, BadInput)
    assert isinstance(desk.change(replace(seen, name="Amina K"), BOSS, "married"), Person)
    assert people.all()["amina"].key_hash == made[0].key_hash


def test_of_two_owners_who_end_each_other_s_role_at_once_one_stays(desk: PeopleDesk, people: StorePeople) -> None:
    for _ in range(5):
        start = threading.Barrier(2)
        outcomes: list[object] = []

        def demote(person: Person, actor: Person, start: threading.Barrier, outcomes: list[object]) -> None:
            start.wait()
            outcomes.append(desk.change(replace(person, roles=(Role.VIEWER,)), actor, "not needed"))

        pairs = ((AMINA, BOSS), (BOSS, AMINA))
        threads = [threading.Thread(target=demote, args=(*each, start, outcomes)) for each in pairs]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(type(each).__name__ for each in outcomes) == ["BadInput", "Person"]
        for person in (AMINA, BOSS):
            desk.change(person, BOSS, "once more")


def test_of_two_who_take_one_name_at_once_the_second_is_told(desk: PeopleDesk) -> None:
    assert isinstance(desk.add(Person("dev", "Dev"), BOSS), tuple)
    assert isinstance(desk.add(Person("dev", "Somebody Else"), AMINA), BadInput)
