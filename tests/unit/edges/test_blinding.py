"""Clues are made by a key of their month, the same in every process, and go with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wardmail.edges.blinding import SEARCH_KEY, MonthlyBlinder
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.model.clue import clues_in, month_ends, month_name, month_of, named_month

NOVEMBER, DECEMBER = 1_794_000_000.0, 1_797_000_000.0
TERMS = ("word letter", "word clinic")


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(new_master_key().strip())


@pytest.fixture
def keystore(tmp_path: Path, master: MasterKey) -> Keystore:
    return Keystore.create(tmp_path / "keystore.json", master)


def test_months_by_name_and_number() -> None:
    assert month_name(month_of(NOVEMBER)) == "2026-11"
    assert named_month("2026-11") == month_of(NOVEMBER) == month_of(month_ends(month_of(NOVEMBER)) - 1)
    assert month_of(month_ends(named_month("2026-12"))) == named_month("2027-01")
    assert month_name(0) == "1970-01"
    assert clues_in(7).stop == clues_in(8).start < 2**63


def test_the_same_term_is_the_same_clue_in_every_process_and_another_in_every_month(
    keystore: Keystore, tmp_path: Path, master: MasterKey
) -> None:
    here, there = MonthlyBlinder(keystore), MonthlyBlinder(Keystore.open(tmp_path / "keystore.json", master))
    one, other = here.blinded(TERMS, NOVEMBER), here.blinded(TERMS, DECEMBER)
    assert there.blinded(TERMS, NOVEMBER + 1) == one
    assert there.blinded_ever(TERMS) == [other, one], "the newest month first"
    assert len({each % 2**48 for each in (*one, *other)}) == 4
    assert all(each in clues_in(month_of(NOVEMBER)) for each in one)


def test_to_look_for_something_makes_no_key(keystore: Keystore) -> None:
    blinder = MonthlyBlinder(keystore)
    assert blinder.blinded_ever(TERMS) == []
    assert blinder.blinded((), NOVEMBER) == ()
    assert keystore.names(SEARCH_KEY) == []


def test_a_destroyed_key_finds_nothing_and_does_not_come_back(keystore: Keystore) -> None:
    blinder = MonthlyBlinder(keystore)
    before = blinder.blinded(TERMS, NOVEMBER)
    blinder.destroy(month_of(NOVEMBER))
    assert blinder.months() == []
    assert blinder.blinded_ever(TERMS) == []
    assert blinder.blinded(TERMS, NOVEMBER) != before, "another key under the old name"


def test_another_master_key_changes_no_clue(keystore: Keystore) -> None:
    blinder = MonthlyBlinder(keystore)
    before = blinder.blinded(TERMS, NOVEMBER)
    keystore.relock(MasterKey(new_master_key().strip()))
    assert blinder.blinded(TERMS, NOVEMBER) == before
    assert MonthlyBlinder(keystore).blinded_ever(TERMS) == [before]
