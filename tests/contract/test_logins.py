"""How people log in and who is logged in, on both databases."""

from __future__ import annotations

import pytest

from tests.worlds import SettableClock
from wardmail.model.login import IDLE, LOCKED_FOR, LONGEST, MOST_FAILURES, SecondProof, Session
from wardmail.model.person import Person, Role
from wardmail.store.connection import Database
from wardmail.store.logins import StoreLogins
from wardmail.store.messages import Messages
from wardmail.store.people import StorePeople


@pytest.fixture
def logins(database: Database, clock: SettableClock) -> StoreLogins:
    made = StoreLogins(database)
    made.set_password("amina", "hash", "owner", "new")
    made.set_second_factor("amina", [b"one", b"two"], "owner", "new")
    return made


def session(clock: SettableClock, token: bytes = b"t") -> Session:
    return Session(token, "amina", clock.at, clock.at, "192.0.2.1")


def test_a_one_time_code_lets_in_once_and_an_older_one_never(logins: StoreLogins, clock: SettableClock) -> None:
    assert logins.open(session(clock), "hash", SecondProof(100))
    assert not logins.open(session(clock, b"u"), "hash", SecondProof(100))
    assert not logins.open(session(clock, b"u"), "hash", SecondProof(99))
    assert logins.open(session(clock, b"u"), "hash", SecondProof(101))
    assert {each.token_hash for each in logins.sessions("amina")} == {b"t", b"u"}


def test_a_recovery_code_lets_in_once(logins: StoreLogins, clock: SettableClock) -> None:
    assert not logins.open(session(clock), "hash", SecondProof(recovery_hash=b"three"))
    assert logins.open(session(clock), "hash", SecondProof(recovery_hash=b"one"))
    assert not logins.open(session(clock, b"u"), "hash", SecondProof(recovery_hash=b"one"))
    found = logins.find("amina")
    assert found is not None
    assert found.recovery_left == 1


def test_eight_failures_lock_and_end_sessions_and_time_unlocks(logins: StoreLogins, clock: SettableClock) -> None:
    logins.open(session(clock), "hash", SecondProof(100))
    assert [logins.fail("amina", "p") for _ in range(MOST_FAILURES)] == [False] * 7 + [True]
    assert logins.session(b"t") is None
    assert not logins.open(session(clock), "hash", SecondProof(101))
    assert not logins.open(session(clock), "hash", SecondProof(recovery_hash=b"one"))
    assert not logins.fail("amina", "p")
    clock.at += LOCKED_FOR
    assert logins.open(session(clock), "hash", SecondProof(102))


def test_a_wrong_recovery_code_forgives_nothing(logins: StoreLogins, clock: SettableClock) -> None:
    for _ in range(MOST_FAILURES - 1):
        logins.fail("amina", "p")
    assert not logins.open(session(clock), "hash", SecondProof(recovery_hash=b"three"))
    assert logins.fail("amina", "p")


def test_a_password_that_was_changed_while_it_was_checked_lets_nobody_in(
    logins: StoreLogins, clock: SettableClock
) -> None:
    logins.set_password("amina", "other", "owner", "it was stolen")
    assert not logins.open(session(clock), "hash", SecondProof(100))
    assert not logins.open(session(clock), "hash", SecondProof(recovery_hash=b"one"))
    assert logins.open(session(clock), "other", SecondProof(recovery_hash=b"one"))


def test_who_got_in_begins_to_count_anew(logins: StoreLogins, clock: SettableClock) -> None:
    for _ in range(MOST_FAILURES - 1):
        logins.fail("amina", "p")
    assert logins.open(session(clock), "hash", SecondProof(100))
    assert not logins.fail("amina", "p")


def test_what_is_typed_as_a_name_is_not_kept(logins: StoreLogins, database: Database) -> None:
    assert not logins.fail("my secret password", "192.0.2.1")
    last = Messages(database).audit(0, 100)[-1]
    assert (last.kind, last.subject) == ("LogInFailed", "nobody")
    assert "secret" not in repr(last)


def test_sessions_end_when_unused_and_when_old(logins: StoreLogins, clock: SettableClock) -> None:
    logins.open(session(clock), "hash", SecondProof(100))
    for _ in range(int(LONGEST / (IDLE - 1))):
        clock.at += IDLE - 1
        assert logins.sessions("")
        logins.seen(b"t")
    clock.at += IDLE - 1
    assert not logins.sessions("amina")
    logins.open(session(clock, b"u"), "hash", SecondProof(999))
    assert logins.session(b"t") is None


@pytest.mark.parametrize("change", ["password", "second factor", "roles", "sign-out", "log-out"])
def test_whatever_changes_about_a_person_ends_their_sessions(
    logins: StoreLogins, database: Database, clock: SettableClock, change: str
) -> None:
    logins.open(session(clock), "hash", SecondProof(100))
    match change:
        case "password":
            logins.set_password("amina", "other", "owner", "lost")
        case "second factor":
            logins.set_second_factor("amina", [], "owner", "lost")
        case "roles":
            StorePeople(database).save(Person("amina", "Amina", roles=(Role.VIEWER,)), "owner")
        case "sign-out":
            assert logins.sign_out("amina", "owner", "a lost laptop") == 1
        case "log-out":
            logins.close(session(clock))
    assert logins.session(b"t") is None
    assert not logins.sessions("amina")
