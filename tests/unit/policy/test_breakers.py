"""A breaker opens on a share of failures, is tried after it cooled, and opens for longer when the trial fails (SEND-3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.model.traffic import Breaker, BreakerTerms, Phase, Tally
from wardmail.policy.breakers import LONGEST_COOLING, judge

TERMS = BreakerTerms(cooling_minutes=10)
OPEN = Breaker("app", 1, 1000.0, 1600.0, 600.0, "too many bounces")
BAD = Tally(sent=80, bounced=20, sent_in_a_day=80)


@pytest.mark.parametrize(
    ("tally", "opens"),
    [
        (Tally(), False),
        (BAD, True),
        (Tally(sent=10_000, bounced=20), False),
        (Tally(bounced=19), False),
        (Tally(bounced=20), True),
        (Tally(sent=60, refused=40), True),
        (Tally(sent=80, refused=20), False),
        (Tally(complained=3, sent_in_a_day=900), True),
        (Tally(complained=3, sent_in_a_day=1001), False),
        (Tally(complained=2), False),
    ],
)
def test_what_opens_it(tally: Tally, opens: bool) -> None:
    after = judge("app", TERMS, None, tally, 1000.0)
    assert (after is not None) is opens
    if after is not None:
        assert (after.phase(1000.0), after.until, after.number) == (Phase.OPEN, 1600.0, 1)
        assert "copies" in after.reason


def test_a_limit_that_is_off_opens_nothing() -> None:
    off = BreakerTerms(None, None, None)
    assert judge("app", off, None, Tally(bounced=1000, refused=1000, complained=1000), 1000.0) is None


def test_while_it_is_open_nothing_changes_it() -> None:
    assert judge("app", TERMS, OPEN, Tally(bounced=1000), 1599.0) is None


def test_a_trial_that_goes_well_closes_it() -> None:
    assert OPEN.phase(1600.0) is Phase.TRIAL
    assert judge("app", TERMS, OPEN, Tally(sent=9), 1700.0) is None
    after = judge("app", TERMS, OPEN, Tally(sent=10), 1700.0)
    assert after is not None
    assert after.phase(1700.0) is Phase.CLOSED


def test_a_trial_that_fails_opens_it_for_twice_as_long() -> None:
    assert judge("app", TERMS, OPEN, Tally(bounced=2), 1700.0) is None
    after = judge("app", TERMS, OPEN, Tally(sent=1, bounced=3), 1700.0)
    assert after is not None
    assert (after.phase(1700.0), after.until, after.number) == (Phase.OPEN, 2900.0, 2)
    longest = judge("app", TERMS, replace(OPEN, cooling=80_000.0), Tally(bounced=3), 1700.0)
    assert longest is not None
    assert longest.cooling == LONGEST_COOLING


def test_after_it_was_closed_it_opens_again_with_the_first_pause() -> None:
    closed = replace(OPEN, number=5, cooling=4800.0, closed_at=2000.0)
    after = judge("app", TERMS, closed, BAD, 9000.0)
    assert after is not None
    assert (after.number, after.cooling) == (6, 600.0)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_more_that_goes_well_never_opens_it(sent: int, bounced: int, refused: int) -> None:
    before = judge("app", TERMS, None, Tally(sent, bounced, refused), 1000.0)
    after = judge("app", TERMS, None, Tally(sent + 100, bounced, refused), 1000.0)
    assert before is not None or after is None
