"""Word of an agreement that ends: once for each stage, to whoever manages them, and to the programs that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from tests.registrations import REGISTERED
from tests.unit.outbound.watch_kit import GWEN, TODAY, WIN, events_of, later, posted, told, watch_of
from wardmail.model.agreement import Agreement
from wardmail.model.person import Approval, Person
from wardmail.outbound.agreement_watch import AgreementWatch
from wardmail.store.agreements import StoreAgreements

HOSPICE = Agreement(
    id="hospice",
    partner="St Example's Hospice",
    purpose="care",
    information="discharge letters",
    document="IG/1",
    domains=("hospice.example",),
    starts=TODAY,
    ends=TODAY + timedelta(days=100),
    governance=Approval("gwen", 1.0, "read"),
    clinical_safety=Approval("cleo", 1.0, "read"),
)
ENDS = HOSPICE.ends.isoformat()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        made.stage.save(REGISTERED)
        keep(made, HOSPICE)
        yield made


def keep(office: Office, agreement: Agreement) -> None:
    StoreAgreements(office.stage.database).save(agreement, "AgreementSigned", "gwen", "read")
    office.stage.world.register.refresh()


def watch(office: Office, *people: Person) -> AgreementWatch:
    return watch_of(AgreementWatch, office, people)


def events(office: Office) -> list[dict[str, object]]:
    return events_of(office, "AgreementExpiring")


async def test_each_stage_is_told_once_whoever_looks_and_however_often(office: Office) -> None:
    for days in (0, 39, 40, 41, 70, 93, 99, 100, 101, 102, 400):
        later(office, days)
        for _ in range(2):
            await watch(office).look()
    assert events(office) == [
        {"agreement": "hospice", "stage": stage, "ends": ENDS, "integrations": [], "told": 1}
        for stage in ("60", "30", "7", "ended")
    ]


async def test_people_are_told_what_to_do(office: Office) -> None:
    later(office, 94)
    await watch(office).look()
    later(office, 101)
    await watch(office).look()
    await office.later(1)
    before, after = office.courier.given
    assert {str(each.address) for each in before.recipients} == {"gwen@trust.example"}
    assert f"Subject: Sharing agreement hospice ends on {HOSPICE.ends.day} {HOSPICE.ends:%B %Y}".encode() in before.head
    assert "wardmail agreement renew hospice NEW-NAME" in b"".join(before.body.chunks()).decode()
    assert b"Subject: Sharing agreement hospice has ended" in after.head
    assert "wardmail agreement add NEW-NAME" in b"".join(after.body.chunks()).decode()


async def test_programs_are_told_thinly_and_only_those_that_it_covers(office: Office) -> None:
    keep(office, replace(HOSPICE, id="of-app", integrations=("app",)))
    later(office, 94)
    assert await watch(office).look() == 2
    whole, of_app = ({"agreement": name, "stage": "7", "ends": ENDS} for name in ("hospice", "of-app"))
    every = [{"type": "agreement.expiring", "data": data} for data in (whole, of_app)]
    assert posted(office) == told(office, "app") == every
    assert told(office, "another") == every[:1]


async def test_what_is_carried_on_ends_without_a_word(office: Office) -> None:
    keep(office, replace(HOSPICE, id="hospice-2", ends=TODAY + timedelta(days=900)))
    for days in (41, 101):
        later(office, days)
        assert not await watch(office).look()


async def test_nobody_to_tell_is_no_reason_to_say_nothing(office: Office) -> None:
    later(office, 94)
    await watch(office, replace(GWEN, email=""), replace(WIN, left_at=1.0)).look()
    assert [each["told"] for each in events(office)] == [0]
