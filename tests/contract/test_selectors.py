"""Under which selectors other domains sign, on both databases: kept in bounds, the last seen first."""

from __future__ import annotations

import pytest

from tests.worlds import SettableClock
from wardmail.model.retention import A_DAY
from wardmail.store import selectors
from wardmail.store.connection import Database
from wardmail.store.selectors import MOST_OF_ONE, StoreSelectors


def test_the_last_seen_come_first_and_of_their_domain_alone(database: Database, clock: SettableClock) -> None:
    book = StoreSelectors(database)
    book.note("a.example", ["s1", "s2"])
    clock.at += 2 * A_DAY
    book.note("a.example", ["s2"])
    book.note("b.example", ["other"])
    assert list(book.of("a.example", 10)) == ["s2", "s1"]
    assert list(book.of("a.example", 1)) == ["s2"]
    assert list(book.of("sub.a.example", 10)) == []


def test_who_signs_under_ever_new_selectors_keeps_the_newest(database: Database, clock: SettableClock) -> None:
    book = StoreSelectors(database)
    book.note("b.example", ["s1"])
    for number in range(MOST_OF_ONE + 5):
        clock.at += 1
        book.note("a.example", [f"n{number}"])
    assert list(book.of("a.example", 50)) == [f"n{n}" for n in range(MOST_OF_ONE + 4, 4, -1)]
    assert list(book.of("b.example", 50)) == ["s1"]


def test_they_end_when_nobody_has_seen_them_for_long_or_there_are_too_many(
    database: Database, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = StoreSelectors(database)
    book.note("old.example", ["s1"])
    clock.at += 401 * A_DAY
    for number in range(5):
        clock.at += 1
        book.note(f"d{number}.example", ["s1"])
    book.forget_old()
    assert [bool(book.of(each, 1)) for each in ("old.example", "d0.example")] == [False, True]
    monkeypatch.setattr(selectors, "MOST", 2)
    book.forget_old()
    assert [bool(book.of(f"d{n}.example", 1)) for n in range(5)] == [False, False, False, True, True]
