"""What is remembered of requests that may come again, on both databases."""

from __future__ import annotations

from tests.worlds import SettableClock
from wardmail.model.repetition import AnotherRequest, BeingAnswered, FirstTime, GivenBefore
from wardmail.store.connection import Database
from wardmail.store.given_replies import IN_HAND, KEPT, StoreGivenReplies


def test_the_first_time_then_in_hand_then_as_before(database: Database) -> None:
    database.clock = clock = SettableClock()
    replies = StoreGivenReplies(database)
    assert replies.begin("app", "k", "f", "M1") == FirstTime("M1")
    assert replies.begin("app", "k", "f", "M2") == BeingAnswered()
    assert replies.begin("app", "k", "other", "M3") == AnotherRequest()
    replies.keep("app", "k", '{"id": "M1"}')
    assert replies.begin("app", "k", "f", "M4") == GivenBefore('{"id": "M1"}')
    assert replies.begin("app", "k", "other", "M5") == AnotherRequest()
    assert replies.begin("other", "k", "f", "M6") == FirstTime("M6")
    clock.at += KEPT + 1
    assert replies.begin("app", "k", "other", "M7") == FirstTime("M7")


def test_what_was_not_taken_begins_anew(database: Database) -> None:
    replies = StoreGivenReplies(database)
    assert replies.begin("app", "k", "f", "M1") == FirstTime("M1")
    replies.forget("app", "k")
    assert replies.begin("app", "k", "g", "M2") == FirstTime("M2")


def test_what_a_dead_process_began_goes_on_by_the_same_id(database: Database) -> None:
    database.clock = clock = SettableClock()
    replies = StoreGivenReplies(database)
    replies.begin("app", "k", "f", "M1")
    clock.at += IN_HAND + 1
    assert replies.begin("app", "k", "f", "M2") == FirstTime("M1", is_retry=True)
    assert replies.begin("app", "k", "f", "M3") == BeingAnswered()


def test_what_ended_nobody_knows_how_goes_on_at_once_by_the_same_id(database: Database) -> None:
    replies = StoreGivenReplies(database)
    replies.begin("app", "k", "f", "M1")
    replies.leave("app", "k")
    assert replies.begin("app", "k", "g", "M2") == AnotherRequest()
    assert replies.begin("app", "k", "f", "M2") == FirstTime("M1", is_retry=True)
    assert replies.begin("app", "k", "f", "M3") == BeingAnswered()
