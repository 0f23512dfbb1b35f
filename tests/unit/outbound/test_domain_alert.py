"""Word of a domain that looks worse: once, to whoever keeps its keys, and thin for their systems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from tests.registrations import REGISTERED
from tests.unit.outbound.watch_kit import WIN, events_of, posted, watch_of
from wardmail.model.own_domain import DomainFinding, DomainReport, Verdict, Worsening
from wardmail.model.person import Person, Role
from wardmail.outbound.domain_alert import DomainAlert

OLI = Person("oli", "Oli", "oli@trust.example", roles=(Role.MAIL_OPERATOR,))
VERA = Person("vera", "Vera", "vera@trust.example", roles=(Role.VIEWER,))
FOUND = DomainFinding("SPF", Verdict.FIX, "It lets everybody send for the domain.", "End it with ~all or -all.")
WORSE = (Worsening(FOUND, Verdict.GOOD),)
LOOK = DomainReport("trust.example", 1_800_000_000.0, (FOUND,))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        made.stage.save(REGISTERED)
        made.stage.world.register.refresh()
        yield made


def alert(office: Office, *people: Person) -> DomainAlert:
    return watch_of(DomainAlert, office, people)


def events(office: Office) -> list[dict[str, object]]:
    return events_of(office, "DomainWorsened")


async def test_it_is_told_once_whoever_tells(office: Office) -> None:
    for _ in range(2):
        await alert(office, OLI, WIN, VERA).tell(LOOK, WORSE)
    await alert(office, OLI, WIN, VERA).tell(replace(LOOK, checked_at=LOOK.checked_at + 1), WORSE)
    assert [each["told"] for each in events(office)] == [1, 1]
    await office.later(1)
    given = office.courier.given[0]
    assert {str(each.address) for each in given.recipients} == {"oli@trust.example"}
    assert b"Subject: Our domain trust.example: SPF looks worse" in given.head
    text = b"".join(given.body.chunks()).decode()
    assert "SPF: it was good, and is to be fixed" in text
    assert "What to do: End it with ~all or -all." in text


async def test_systems_get_no_words_and_no_address(office: Office) -> None:
    await alert(office, OLI).tell(LOOK, WORSE)
    (told,) = posted(office)
    assert told["type"] == "domain.finding"
    assert told["data"] == {
        "domain": "trust.example",
        "checked_at": LOOK.checked_at,
        "worse": [{"check": "SPF", "before": "good", "now": "fix"}],
    }


@pytest.mark.parametrize(("people", "count"), [((VERA, WIN), 1), ((VERA,), 0), ((replace(OLI, left_at=1.0), WIN), 1)])
async def test_owners_hear_where_nobody_else_keeps_keys_and_the_event_stands_anyway(
    office: Office, people: tuple[Person, ...], count: int
) -> None:
    await alert(office, *people).tell(LOOK, WORSE)
    assert [each["told"] for each in events(office)] == [count]


async def test_a_domain_that_nothing_sends_from_needs_a_route_of_the_settings(office: Office) -> None:
    await alert(office, OLI).tell(replace(LOOK, domain="parked.example"), WORSE)
    assert [each["told"] for each in events(office)] == [0]
    assert len(posted(office)) == 1
