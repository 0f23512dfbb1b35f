"""Word of a list that grows old: once for each stage, to whoever keeps lists, to every program, and thin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from tests.registrations import REGISTERED
from tests.unit.outbound.watch_kit import A_DAY, GWEN, TODAY, WIN, events_of, later, posted, told, watch_of
from tests.worlds import START
from wardmail.model.accredited import AccreditedEntry, ListVersion
from wardmail.model.person import Person
from wardmail.model.register import RegisterSnapshot
from wardmail.outbound.list_watch import ListWatch
from wardmail.policy.list_age import ListStage, list_ending

ENTRY = AccreditedEntry("partner.example", "Partner", "X1", date(2026, 11, 1), date(2027, 10, 31))
EMPTY = RegisterSnapshot(1, {}, {}, {}, {}, None, 0.0)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        made.stage.save(REGISTERED)
        imported(made, "first")
        yield made


def imported(office: Office, version: str, entry: AccreditedEntry = ENTRY) -> None:
    now = office.stage.clock.now()
    office.stage.register.import_accredited([entry], ListVersion("accredited", version, now, "gwen", "list.csv", 1))
    office.stage.world.register.refresh()


def watch(office: Office, *people: Person) -> ListWatch:
    return watch_of(ListWatch, office, people)


def events(office: Office) -> list[dict[str, object]]:
    return events_of(office, "ListStale")


async def test_each_stage_is_told_once_whoever_looks_and_however_often(office: Office) -> None:
    for days in (0, 75, 76, 77, 89, 90, 91, 400):
        later(office, days)
        for _ in range(2):
            await watch(office).look()
    ends = "2027-02-20"
    assert events(office) == [
        {"list": "accredited", "stage": "soon", "ends": ends, "told": 1},
        {"list": "accredited", "stage": "over", "ends": ends, "told": 1},
    ]
    await office.later(1)
    given = office.courier.given[0]
    assert {str(each.address) for each in given.recipients} == {"gwen@trust.example"}
    assert b"Subject: The accredited list is soon out of date" in given.head
    assert "wardmail lists import FILE" in b"".join(given.body.chunks()).decode()


async def test_a_new_list_of_the_same_name_ages_anew(office: Office) -> None:
    later(office, 90)
    assert await watch(office).look()
    imported(office, "first")
    assert not await watch(office).look()
    later(office, 180)
    assert await watch(office).look()
    assert [each["stage"] for each in events(office)] == ["over", "over"]


async def test_programs_are_told_thinly_and_each_once(office: Office) -> None:
    later(office, 90)
    await watch(office).look()
    data = {"list": "accredited", "stage": "over", "ends": "2027-02-20"}
    assert posted(office) == told(office, "app") == told(office, "another") == [{"type": "list.stale", "data": data}]


async def test_nobody_to_tell_is_no_reason_to_say_nothing(office: Office) -> None:
    later(office, 90)
    await watch(office, replace(GWEN, email=""), replace(WIN, left_at=1.0)).look()
    assert [each["told"] for each in events(office)] == [0]


def aged(days: float, *entries: AccreditedEntry) -> RegisterSnapshot:
    accredited = {each.domain: each for each in entries}
    return replace(EMPTY, accredited=accredited, list_version="v", list_imported_at=START - days * A_DAY)


@pytest.mark.parametrize(
    ("snapshot", "stage"),
    [
        (EMPTY, None),
        (aged(75, ENTRY), None),
        (aged(76, ENTRY), ListStage.SOON),
        (aged(89, ENTRY), ListStage.SOON),
        (aged(90, ENTRY), ListStage.OVER),
        (aged(1), None),
        (aged(1, replace(ENTRY, expires=date(2026, 12, 20))), None),
        (aged(1, replace(ENTRY, expires=TODAY)), ListStage.SOON),
        (aged(1, replace(ENTRY, expires=date(2026, 11, 21))), ListStage.OVER),
        (aged(1, replace(ENTRY, expires=date(2026, 11, 21)), replace(ENTRY, domain="other.example")), None),
    ],
)
def test_a_list_lasts_ninety_days_and_no_longer_than_its_last_entry(
    snapshot: RegisterSnapshot, stage: ListStage | None
) -> None:
    ending = list_ending(snapshot, TODAY)
    assert (ending.stage if ending else None) is stage
