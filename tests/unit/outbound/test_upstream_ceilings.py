"""What the upstream counts by: accounts that routes share, transactions, calls, and a rising share while it warms up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from wardmail.model.route import Route, RouteKind, RouteLimits, WarmUp
from wardmail.model.stored import Charge
from wardmail.outbound.upstream_ceilings import ceilings_of

TODAY = date(2026, 11, 25)
ONE = Route("one", RouteKind.NHSMAIL, host="smtp.test", username="App@nhs.net", limits=RouteLimits(30, 10_000))
TWO = replace(ONE, name="two", username="app@NHS.net", limits=RouteLimits(20, None))


def amounts(route: Route, *routes: Route, recipients: int = 1, today: date = TODAY) -> list[tuple[int, int]]:
    return [(each.amount, each.limit) for each in ceilings_of(route, routes or (route,), today, recipients)]


def test_routes_that_log_in_alike_share_the_lowest_ceilings() -> None:
    assert ceilings_of(ONE, (ONE, TWO), TODAY, 3) == ceilings_of(TWO, (ONE, TWO), TODAY, 3)
    assert ceilings_of(TWO, (ONE, TWO), TODAY, 3) == (
        Charge("account-messages:app@nhs.net@smtp.test", 1, 20, 60),
        Charge("account-recipients:app@nhs.net@smtp.test", 3, 10_000, 86_400),
    )


def test_other_accounts_and_routes_without_a_log_in_stand_alone() -> None:
    nobody = Route("a", RouteKind.SMARTHOST, host="smtp.test", limits=RouteLimits(5))
    assert nobody.account_key != replace(nobody, name="b").account_key
    assert replace(nobody, account="X").account_key == replace(nobody, name="b", account="x").account_key
    assert amounts(ONE, ONE, replace(TWO, username="else@nhs.net")) == [(1, 30), (1, 10_000)]


def test_a_message_that_is_split_costs_each_transaction() -> None:
    few = replace(ONE, limits=RouteLimits(30, 10_000, recipients_per_message=2))
    assert amounts(few, recipients=5) == [(3, 30), (5, 10_000)]


def test_notify_counts_calls_and_a_large_message_takes_the_whole_minute() -> None:
    notify = Route("n", RouteKind.GOVUK_NOTIFY, host="api.test", limits=RouteLimits(50, 1000))
    assert amounts(notify, recipients=40)[0] == (40, 50)
    assert amounts(notify, recipients=80)[0] == (50, 50)


@pytest.mark.parametrize(
    ("today", "limit"),
    [
        (date(2026, 11, 1), 1000),
        (TODAY, 1000),
        (date(2026, 11, 26), 2000),
        (date(2026, 12, 4), 10_000),
        (date(2027, 5, 1), 10_000),
    ],
)
def test_a_new_account_warms_up_day_by_day(today: date, limit: int) -> None:
    warming = replace(ONE, warm_up=WarmUp(TODAY, 10))
    assert amounts(warming, today=today)[1] == (1, limit)


def test_the_first_day_has_room_for_one_message() -> None:
    warming = replace(ONE, warm_up=WarmUp(TODAY, 365), limits=RouteLimits(30, 10_000, recipients_per_message=100))
    assert amounts(warming)[1] == (1, 100)
