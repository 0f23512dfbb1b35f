"""Whatever people do in whatever order: nothing is live without its tasks and two people, and what is retired stays so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.registrations import COMPLETE, REGISTERED
from wardmail.manage.going_live import VOUCHED, Seen, to_do
from wardmail.manage.integration_life import approved, asked, moved, resumed
from wardmail.model.integration import TRANSITIONS, Integration, IntegrationState, Step
from wardmail.model.registration import Ask, Matter, SignOff, Tick
from wardmail.policy.review import ReviewTerms, deadline_of, override_on, state_on

DRAFT = replace(REGISTERED, state=IntegrationState.DRAFT)
PEOPLE = st.sampled_from(["amina", "bo"])
DATES = st.dates(date(2026, 11, 1), date(2028, 3, 1))
LATER = 1_800_000_000.0

steps = st.one_of(
    st.sampled_from(Step).map(lambda step: ("move", step)),
    st.just(("resume", None)),
    st.tuples(st.sampled_from(Matter), PEOPLE).map(lambda pair: ("ask", pair)),
    st.tuples(st.sampled_from(Matter), PEOPLE).map(lambda pair: ("approve", pair)),
)


def apply(record: Integration, step: tuple[str, Any]) -> Integration:
    kind, what = step
    if kind == "move":
        after = moved(record, what)
    elif kind == "resume":
        after = resumed(record)
    else:
        matter, person = what
        if kind == "ask":
            after = asked(record, Ask(matter, person, LATER, "why", until=date(2027, 1, 20)))
        else:
            after = approved(record, matter, by=person, at=LATER, reason="yes")
    return after if isinstance(after, Integration) else record


@given(st.lists(steps, max_size=25))
def test_nothing_is_live_that_two_people_did_not_let_go_live(walk: list[tuple[str, object]]) -> None:
    record, retired = DRAFT, False
    for step in walk:
        record = apply(record, step)
        assert not retired or record.state is IntegrationState.RETIRED
        retired = record.state is IntegrationState.RETIRED
        if record.state is IntegrationState.LIVE:
            given_ = record.registration.signed_off(Matter.GO_LIVE)
            assert given_ is not None
        assert all(each.by != each.ask.by for each in record.registration.sign_offs)
        assert record.state not in {IntegrationState.DUE, IntegrationState.LAPSED}


def test_every_state_is_reached_and_only_retired_is_final() -> None:
    reached = {IntegrationState.DRAFT}
    for _ in TRANSITIONS:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
    assert reached == set(IntegrationState)
    leaving = {before for before, _ in TRANSITIONS}
    assert set(IntegrationState) - leaving == {IntegrationState.RETIRED}
    into_live = {(before, step) for (before, step), after in TRANSITIONS.items() if after is IntegrationState.LIVE}
    assert {before for before, step in into_live if step is Step.GO_LIVE} == {IntegrationState.TRIAL}


@given(DATES, st.none() | DATES, st.none() | DATES, st.none() | DATES, st.integers(0, 30))
def test_the_calendar_only_closes(
    today: date, review: date | None, end: date | None, gap: date | None, grace: int
) -> None:
    """The later the day, the less an integration may do, until somebody changes its record."""
    record = replace(COMPLETE, review_date=review, end_date=end, incomplete_since=gap)
    live, terms = replace(REGISTERED, registration=record), ReviewTerms(grace)
    order = [IntegrationState.LIVE, IntegrationState.DUE, IntegrationState.LAPSED]
    states = [order.index(state_on(live, today + timedelta(days), terms)) for days in range(0, 90, 3)]
    assert states == sorted(states)
    deadline = deadline_of(live, terms)
    assert (state_on(live, today, terms) is IntegrationState.LIVE) == (deadline is None or today < deadline.on)


@given(DATES, DATES)
def test_an_override_opens_until_its_last_day_and_no_longer(today: date, until: date) -> None:
    ask = Ask(Matter.OVERRIDE, "amina", 0.0, "why", until=until)
    record = replace(COMPLETE, review_date=date(2026, 10, 1), sign_offs=(SignOff(ask, "bo", 0.0, "yes"),))
    live = replace(REGISTERED, registration=record)
    state = state_on(live, today, ReviewTerms())
    assert (state is IntegrationState.LIVE) == (today <= until)
    assert (override_on(live, today) is not None) == (today <= until)


@given(st.sets(st.sampled_from([each.id for each in VOUCHED])), st.booleans(), st.booleans(), st.booleans())
def test_every_task_counts(ticks: set[str], credential: bool, delivered: bool, clinical: bool) -> None:
    record = replace(
        COMPLETE,
        clinical=clinical,
        clinical_safety=COMPLETE.dpia,
        ticks=tuple(Tick(each, "bo", 0.0, "looked") for each in ticks),
    )
    from tests.worlds import RELAY

    seen = Seen(credential, delivered, RELAY, (), date(2026, 11, 22))
    left = {each.id for each in to_do(replace(REGISTERED, registration=record), seen)}
    needed = {each.id for each in VOUCHED if clinical or each.id != "hazards-accepted"}
    wanted = needed - ticks
    wanted |= set() if credential else {"credential"}
    wanted |= set() if delivered else {"test-message"}
    assert left == wanted
