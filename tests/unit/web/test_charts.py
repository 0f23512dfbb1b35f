"""Charts: nothing is drawn outside, nothing is lost, and what is drawn is what the words and the table say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.web.console_kit import Console, open_console
from tests.worlds import START
from wardmail.model.figures import Copies
from wardmail.model.person import Role
from wardmail.web.pages.charts import WIDTH, Series, shares, stacked
from wardmail.web.pages.overview import first_tasks
from wardmail.web.pages.traffic import by_domain, each_day, starts_of_days, states_of

COUNTS = st.integers(0, 10**9)


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS), min_size=1, max_size=14))
def test_bars_stand_within_the_chart_and_as_high_as_their_numbers(days: list[tuple[int, int, int]]) -> None:
    series = [Series(str(n), "solid", [each[n] for each in days]) for n in range(3)]
    chart = stacked("x", "X", [str(n) for n in range(len(days))], series)
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH and bar.y + 0.2 >= 34 for bar in chart.bars)
    assert all(bar.y + bar.height <= chart.height - 29.7 for bar in chart.bars)
    assert chart.words.count(";") == len(days) - 1


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=8))
def test_shares_fill_their_rows(rows: list[tuple[int, int]]) -> None:
    chart = shares("x", "X", [(f"d{n}", list(each)) for n, each in enumerate(rows)], [("Yes", "solid"), ("No", "dots")])
    for n, values in enumerate(rows):
        mine = [bar for bar in chart.bars if bar.y == n * 32 + 34]
        assert bool(mine) == (sum(values) > 0)
        assert not mine or abs(sum(bar.width for bar in mine) - (WIDTH - 250 - 170)) < 0.3


def test_a_day_is_counted_where_it_belongs() -> None:
    starts = starts_of_days(START)
    assert len(starts) == 8
    assert list(starts) == sorted(starts)
    copies = (
        Copies(7, "relayed", "a.example", 3),
        Copies(7, "held", "b.example", 1),
        Copies(1, "expired", "a.example", 2),
    )
    picture = each_day(copies, starts)
    assert [cell.text for cell in picture.grid.rows[-1]] == ["22 November 2026", "3", "0", "1", "0"]
    assert [cell.text for cell in picture.grid.rows[0]] == ["16 November 2026", "0", "0", "0", "2"]
    domains = by_domain(copies)
    assert domains is not None
    assert [cell.text for cell in domains.grid.rows[0]] == ["a.example", "3", "0", "0", "2"]
    assert by_domain(()) is None
    assert states_of(copies)["relayed"] == 3


def test_the_clock_may_change_within_the_week() -> None:
    """26 October 2026 follows the hour that summer time gives back: that Sunday has 25 hours."""
    starts = starts_of_days(1_793_018_000.0)
    assert {round(later - earlier) for earlier, later in pairwise(starts[1:])} == {86_400, 90_000}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        made.register("viewer", Role.VIEWER)
        yield made


async def test_the_overview_draws_what_was_sent(console: Console) -> None:
    async with console.visitor("viewer") as http:
        empty = (await http.get("/")).text
        assert "Messages each day" in empty
        assert "Delivery by recipient domain" not in empty
        assert "Replace the credential app-1" in empty, "it lasts thirty days"
        assert not re.search(r"<[^>]+ style=", empty)
        await console.send("a@nhs.net")
        drawn = (await http.get("/")).text
        assert "Delivery by recipient domain" in drawn
        assert "nhs.net: 0.0% of 1" in drawn


def test_a_new_gateway_is_told_what_it_lacks(console: Console) -> None:
    used = console.stage.register.snapshot()
    assert first_tasks(used) == []
    tasks = first_tasks(replace(used, routes={}, integrations={}))
    assert [each["to"] for each in tasks] == ["/docs/how-to/run-for-real", "/new-integration"]
