"""Counters that processes share add up, survive their worker, and never take more room than they have."""

from __future__ import annotations

import os
import threading

from hypothesis import given
from hypothesis import strategies as st

from wardmail.app.tally import DROPPED, Tally

MAIL = ("wardmail_messages_total", "app", "outbound", "accepted")


def test_each_process_counts_and_anybody_adds_up() -> None:
    tally = Tally(3)
    children = []
    for slot in range(3):
        pid = os.fork()
        if not pid:
            counts = tally.of(slot)
            for _ in range(1000):
                counts.count(MAIL)
            os._exit(0)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
    assert tally.totals()[MAIL] == 3000


def test_a_worker_that_takes_a_dead_ones_place_goes_on_with_its_numbers() -> None:
    tally = Tally(2)
    tally.of(1).count(MAIL, 5)
    again = tally.of(1)
    again.count(MAIL)
    again.count(("other", "ü"), 0.5)
    assert tally.totals() == {DROPPED: 0, MAIL: 6, ("other", "ü"): 0.5}


def test_threads_lose_no_count() -> None:
    tally = Tally(1)
    counts = tally.of(0)

    def count_often() -> None:
        for _ in range(2000):
            counts.count(MAIL)

    threads = [threading.Thread(target=count_often) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert tally.totals()[MAIL] == 8000


def test_what_has_no_room_is_counted_as_dropped_and_spoils_no_neighbour() -> None:
    tally = Tally(2)
    tally.of(1).count(MAIL, 7)
    counts = tally.of(0)
    for number in range(12_000):
        counts.count(("made_up_total", f"{number:030d}"))
    totals = tally.totals()
    kept = sum(1 for series in totals if series[0] == "made_up_total")
    assert totals[DROPPED] == 12_000 - kept > 0
    assert totals[MAIL] == 7


@given(
    st.lists(
        st.tuples(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x1f\0"), max_size=40)), max_size=20
    )
)
def test_any_label_comes_back_as_it_was(names: list[tuple[str]]) -> None:
    tally = Tally(1)
    counts = tally.of(0)
    for (name,) in names:
        counts.count(("a_total", name))
    assert {series[1] for series in tally.totals() if series[0] == "a_total"} == {name for (name,) in names}
