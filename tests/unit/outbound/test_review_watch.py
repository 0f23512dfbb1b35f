"""Warnings about records that fall due: once for each threshold, whoever looks and however often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from tests.registrations import COMPLETE, REGISTERED
from tests.worlds import APP, RELAY
from wardmail.model.integration import Integration
from wardmail.model.register import Change
from wardmail.outbound.review_watch import ReviewWatch
from wardmail.policy.completeness import missing, with_gap_noted
from wardmail.store.messages import Messages, Search


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        made.stage.save(REGISTERED)
        yield made


def watch(office: Office) -> ReviewWatch:
    def note_gap(name: str, today: date) -> None:
        def change(records: Mapping[str, Integration]) -> Integration | None:
            return with_gap_noted(records[name], today)

        office.stage.register.change_integration(name, change, Change("GapNoted", "wardmail", ""))

    return ReviewWatch(office.stage.world, note_gap)


def stages(office: Office) -> list[object]:
    events = office.stage.register.history("app")
    return [each.detail["stage"] for each in events if each.kind == "ReviewWarned"]


async def on_day(office: Office, each: ReviewWatch, left: int) -> int:
    office.stage.clock.at = (date(2027, 3, 1) - date(1970, 1, 1) - timedelta(left)).total_seconds() + 3600
    office.stage.world.register.refresh()
    return await each.look()


async def test_each_threshold_is_told_once_across_processes_and_restarts(office: Office) -> None:
    one, other = watch(office), watch(office)
    for left in range(99, -20, -1):
        await on_day(office, one, left)
        await on_day(office, other, left)
        await on_day(office, watch(office), left)
    assert stages(office) == ["60", "30", "7", "due", "lapsed"]


async def test_what_was_missed_is_not_made_up_for(office: Office) -> None:
    assert await on_day(office, watch(office), 5) == 1
    assert stages(office) == ["7"]


async def test_a_new_date_is_a_new_story(office: Office) -> None:
    await on_day(office, watch(office), 5)
    office.stage.save(replace(APP, registration=replace(COMPLETE, review_date=date(2027, 3, 20))))
    await on_day(office, watch(office), 5)
    assert stages(office) == ["7", "30"]


async def test_owner_and_deputy_hear_of_it_even_when_mail_is_stopped(office: Office) -> None:
    await on_day(office, watch(office), -15)
    await office.later(1)
    (given,) = office.courier.given
    assert given.sender is None
    assert {str(each.address) for each in given.recipients} == {"amina@trust.example", "bo@trust.example"}
    assert b"Subject: E-mail integration app: mail is refused" in given.head
    text = b"".join(given.body.chunks()).decode()
    assert "Its review date is 2027-03-01." in text
    assert "wardmail integration override app" in text
    lines = Messages(office.stage.database).search(Search())
    assert {each.state for each in lines} == {"relayed"}


async def test_without_a_route_or_people_the_audit_alone_hears_of_it(office: Office) -> None:
    office.stage.save(replace(APP, route="gone", registration=COMPLETE))
    assert await on_day(office, watch(office), 20) == 1
    office.stage.save(replace(RELAY, name="gone"))
    assert await on_day(office, watch(office), 20) == 0
    assert Messages(office.stage.database).search(Search()) == []


async def test_a_gap_is_noted_and_given_its_time(office: Office) -> None:
    lacking = replace(REGISTERED, registration=replace(COMPLETE, slsp=None))
    assert [each.id for each in missing(lacking)] == ["slsp"]
    office.stage.save(lacking)
    each = watch(office)
    await on_day(office, each, 90)
    office.stage.world.register.refresh()
    record = office.stage.world.register.snapshot.integrations["app"].registration
    assert record.incomplete_since == date(2027, 3, 1) - timedelta(90)
    assert (record.version, record.changed_by) == (1, "wardmail")
    assert await on_day(office, each, 90) == 1  # sixty days to mend it begin today
    assert await on_day(office, each, 90) == 0


async def test_nobody_is_told_what_concerns_no_live_record(office: Office) -> None:
    for state in ("draft", "in-trial", "suspended", "retired"):
        office.stage.save(replace(APP, state=type(APP.state)(state), registration=COMPLETE))
        assert await on_day(office, watch(office), -30) == 0
