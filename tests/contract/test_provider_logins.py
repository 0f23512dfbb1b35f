"""Whom an identity provider's subjects stand for, and what may serve once, on both databases."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config

from tests.worlds import SettableClock
from wardmail.model.login import Session
from wardmail.model.person import Person, Role
from wardmail.model.provider_login import ProvedSubject, ProviderWord
from wardmail.store.connection import Database
from wardmail.store.logins import StoreLogins
from wardmail.store.messages import Messages
from wardmail.store.people import StorePeople
from wardmail.store.provider_logins import StoreProviderLogins

SUBJECT = ProvedSubject("https://op.test", "s-1", frozenset({"readers"}))
AMINA = Person("amina", "Amina", roles=(Role.VIEWER,))


@pytest.fixture
def logins(database: Database, clock: SettableClock) -> StoreProviderLogins:
    return StoreProviderLogins(database)


def session(token: bytes, person: str = "amina") -> Session:
    return Session(token, person, 1_000_000.0, 1_000_000.0, "192.0.2.1", "identity provider mfa")


def test_a_newcomer_is_kept_tied_and_let_in_at_once(logins: StoreProviderLogins, database: Database) -> None:
    assert logins.person_of(SUBJECT) == ""
    assert logins.admit(session(b"a"), AMINA, SUBJECT)
    assert logins.person_of(SUBJECT) == "amina"
    assert logins.person_of(replace(SUBJECT, issuer="https://other.test")) == ""
    assert StorePeople(database).one("amina") == AMINA
    assert [each.proved_by for each in StoreLogins(database).sessions("amina")] == ["identity provider mfa"]


def test_a_name_that_was_taken_meanwhile_is_not_taken_over(logins: StoreProviderLogins, database: Database) -> None:
    owner = replace(AMINA, roles=(Role.OWNER,))
    StorePeople(database).save(owner, "test")
    assert not logins.admit(session(b"a"), AMINA, SUBJECT)
    assert StorePeople(database).one("amina") == owner
    assert logins.person_of(SUBJECT) == ""
    assert StoreLogins(database).sessions("") == []


def test_roles_change_with_the_groups_and_nothing_else_does(logins: StoreProviderLogins, database: Database) -> None:
    logins.admit(session(b"a"), AMINA, SUBJECT)
    renamed = replace(AMINA, name="Amina Khan", email="amina@trust.example")
    StorePeople(database).save(renamed, "owner")
    assert logins.admit(session(b"b"), replace(AMINA, roles=(Role.OWNER,)), SUBJECT)
    assert StorePeople(database).one("amina") == replace(renamed, roles=(Role.OWNER,))
    assert logins.admit(session(b"c"), replace(AMINA, roles=(Role.OWNER,)), SUBJECT)
    assert {each.token_hash for each in StoreLogins(database).sessions("amina")} == {b"b", b"c"}


def test_who_left_is_not_admitted(logins: StoreProviderLogins, database: Database) -> None:
    logins.admit(session(b"a"), AMINA, SUBJECT)
    StorePeople(database).save(replace(AMINA, left_at=1.0), "owner")
    assert not logins.admit(session(b"b"), AMINA, SUBJECT)


def test_who_is_turned_away_loses_their_sessions(logins: StoreProviderLogins, database: Database) -> None:
    logins.admit(session(b"a"), AMINA, SUBJECT)
    logins.turn_away(SUBJECT, (), "WM-OIDC-NO-ROLE", "192.0.2.1")
    assert StoreLogins(database).sessions("amina") == []


def test_who_has_no_group_any_more_has_no_role_and_no_second_word_of_it(
    logins: StoreProviderLogins, database: Database, clock: SettableClock
) -> None:
    people = StorePeople(database)
    people.save(replace(AMINA, id="boss", roles=(Role.OWNER,)), "test")
    logins.admit(session(b"a"), AMINA, SUBJECT)
    assert logins.word_of("amina") == ProviderWord((Role.VIEWER,), clock.at)
    clock.at += 60
    for _ in range(2):
        logins.turn_away(SUBJECT, (), "WM-OIDC-NO-ROLE", "192.0.2.1")
    assert people.all()["amina"].roles == ()
    assert logins.word_of("amina") == ProviderWord((), clock.at)
    assert [each.actor for each in Messages(database).audit(0, 100) if each.kind == "PersonSaved"][1:] == [
        "identity provider"
    ] * 2  # when they came, and when their groups were gone
    assert logins.admit(session(b"b"), replace(AMINA, roles=(Role.VIEWER,)), SUBJECT)
    assert people.all()["amina"].roles == (Role.VIEWER,)


def test_the_last_owner_stays_one_but_not_by_their_key(logins: StoreProviderLogins, database: Database) -> None:
    StorePeople(database).save(replace(AMINA, roles=(Role.OWNER,)), "test")
    logins.tie(SUBJECT.issuer, SUBJECT.subject, "amina", "owner", "the same person")
    logins.turn_away(SUBJECT, (), "WM-OIDC-NO-ROLE", "192.0.2.1")
    assert StorePeople(database).all()["amina"].roles == (Role.OWNER,)
    word = logins.word_of("amina")
    assert word is not None
    assert word.roles == ()
    assert not logins.admit(session(b"b"), replace(AMINA, roles=(Role.VIEWER,)), SUBJECT)
    word = logins.word_of("amina")
    assert word is not None
    assert word.roles == (Role.VIEWER,)


def test_of_two_accounts_of_one_person_the_newest_word_counts(
    logins: StoreProviderLogins, clock: SettableClock
) -> None:
    assert logins.word_of("amina") is None
    logins.tie("https://op.test", "s-1", "amina", "owner", "the same person")
    assert logins.word_of("amina") == ProviderWord(None, clock.at)
    clock.at += 60
    logins.tie("https://other.test", "s-9", "amina", "owner", "the same person")
    logins.turn_away(SUBJECT, (Role.VIEWER,), "WM-OIDC-PERSON", "192.0.2.1")
    clock.at += 60
    other = replace(SUBJECT, issuer="https://other.test", subject="s-9")
    logins.turn_away(other, (Role.DEVELOPER,), "WM-OIDC-PERSON", "192.0.2.1")
    assert logins.word_of("amina") == ProviderWord((Role.DEVELOPER,), clock.at)


def test_who_was_tied_before_the_upgrade_counts_as_vouched_for_just_now(
    logins: StoreProviderLogins, database: Database
) -> None:
    logins.tie(SUBJECT.issuer, SUBJECT.subject, "amina", "owner", "the same person")
    config = Config()
    config.set_main_option("script_location", "src/wardmail/store/migrations")
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0014")
        command.upgrade(config, "head")
    word = logins.word_of("amina")
    assert word is not None
    assert word.roles is None
    assert abs(word.at - time.time()) < 600


def test_a_subject_stands_for_one_person(logins: StoreProviderLogins) -> None:
    assert logins.tie("https://op.test", "s-2", "amina", "owner", "new") == "amina"
    assert logins.tie("https://op.test", "s-2", "ben", "owner", "new") == "amina"


def test_what_serves_once_serves_once_and_is_forgotten_in_time(
    logins: StoreProviderLogins, clock: SettableClock
) -> None:
    assert logins.spend("state x", clock.at + 10)
    assert not logins.spend("state x", clock.at + 10)
    assert logins.spend("state y", clock.at + 10)
    clock.at += 11
    assert logins.spend("state x", clock.at + 10)


def test_of_two_owners_whose_groups_make_them_less_one_stays(logins: StoreProviderLogins, database: Database) -> None:
    """Both were judged while the other was still an owner."""
    people, other = StorePeople(database), ProvedSubject("https://idp.test", "another", frozenset())
    for each, subject in ((AMINA, SUBJECT), (replace(AMINA, id="boss"), other)):
        people.save(replace(each, roles=(Role.OWNER,)), "test")
        logins.tie(subject.issuer, subject.subject, each.id, "owner", "the same person")
    assert logins.admit(session(b"a"), replace(AMINA, roles=(Role.VIEWER,)), SUBJECT)
    assert not logins.admit(session(b"b", "boss"), replace(AMINA, id="boss", roles=(Role.VIEWER,)), other)
    assert people.all()["boss"].roles == (Role.OWNER,)
    assert StoreLogins(database).sessions("boss") == []
