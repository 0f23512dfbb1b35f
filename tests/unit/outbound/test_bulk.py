"""Mass mail: how it is recognised, where it goes, and where it never goes (SEND-4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import fresh_sqlite
from tests.offices import Office, open_office
from tests.worlds import APP, HEAD, RELAY, Stage, staged, submission, with_field
from wardmail.model.decision import Outcome
from wardmail.model.integration import Limits
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.route import Route, RouteKind
from wardmail.model.traffic import BulkTerms, Traffic
from wardmail.outbound.release import NotReleased, release
from wardmail.outbound.walk import accept
from wardmail.store.messages import Messages, Search

MASS = Route("mass", RouteKind.SMARTHOST, host="mass.test", for_bulk=True)
USERS = replace(RELAY, user_facing=True)
LETTER = b"Dear Mr %b,\r\nyour appointment is on the %dth. Please come ten minutes early.\r\n"
FEW = Traffic(bulk=BulkTerms(recipients=3, fan_out=5))
SMIME = HEAD + b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with fresh_sqlite(tmp_path) as database, staged(tmp_path, database) as ready:
        ready.save(USERS)
        ready.save(MASS)
        ready.save(replace(APP, traffic=FEW))
        yield ready


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


def with_bulk_route(stage: Stage) -> None:
    stage.save(replace(APP, traffic=replace(FEW, bulk_route="mass")))


async def send(stage: Stage, n: int, *to: str, head: bytes = HEAD) -> str | None:
    """The route that it took, or how it was refused."""
    body = LETTER % (b"Smith%d" % n, n)
    receipt = await accept(stage.world, submission(stage, *(to or (f"p{n}@example.com",)), head=head, body=body))
    if isinstance(receipt, Refusal):
        return f"{receipt.status} {receipt.error}"
    assert isinstance(receipt, Accepted)
    decision = receipt.decisions[0][1]
    return decision.route if decision.outcome in (Outcome.DELIVER, Outcome.PROTECT) else decision.outcome.value


async def test_the_fourth_letter_of_a_kind_is_mass_mail(stage: Stage) -> None:
    with_bulk_route(stage)
    assert [await send(stage, n) for n in range(6)] == ["relay"] * 3 + ["mass"] * 3


async def test_without_a_bulk_route_it_is_refused_with_a_reason(stage: Stage) -> None:
    assert [await send(stage, n) for n in range(5)] == ["relay"] * 3 + ["5.7.1 WM-BULK-NO-ROUTE"] * 2


async def test_the_same_person_again_is_nobody_new(stage: Stage) -> None:
    assert {await send(stage, n, "gp@example.com") for n in range(8)} == {"relay"}


async def test_who_goes_on_sending_stays_recognised_until_the_window_is_over(stage: Stage) -> None:
    for n in range(12):
        await send(stage, n)
        stage.clock.at += 900
        stage.world.register.refresh()
    assert await send(stage, 20) == "5.7.1 WM-BULK-NO-ROUTE"
    stage.clock.at += 2 * 3600
    stage.world.register.refresh()
    assert await send(stage, 21) == "relay"


async def test_other_content_is_not_counted_with_it(stage: Stage) -> None:
    for n in range(4):
        await send(stage, n)
    other = submission(stage, "x@example.com", body=b"The laboratory has found something; please telephone us.\r\n")
    assert isinstance(await accept(stage.world, other), Accepted)


@pytest.mark.parametrize(
    "line",
    [
        b"List-Unsubscribe: <https://trust.example/u/1>",
        b"List-Id: <news.trust.example>",
        b"Precedence: bulk",
        b"precedence:  List ",
        b"Feedback-ID: 1:trust",
        b"Wardmail-Bulk: yes",
        b"Wardmail-Bulk: no\r\nWardmail-Bulk: YES",
    ],
)
async def test_mail_that_says_so_is_mass_mail(stage: Stage, line: bytes) -> None:
    assert await send(stage, 1, head=with_field(line)) == "5.7.1 WM-BULK-NO-ROUTE"
    with_bulk_route(stage)
    assert await send(stage, 1, head=with_field(line)) == "mass"


async def test_a_word_that_is_neither_yes_nor_no_is_refused(stage: Stage) -> None:
    assert await send(stage, 1, head=with_field(b"Wardmail-Bulk: maybe")) == "5.6.0 WM-BULK-UNKNOWN"


async def test_no_takes_nothing_back(stage: Stage) -> None:
    head = with_field(b"List-Id: <news.trust.example>\r\nWardmail-Bulk: no")
    assert await send(stage, 1, head=head) == "5.7.1 WM-BULK-NO-ROUTE"


async def test_one_message_to_many_is_mass_mail(stage: Stage) -> None:
    with_bulk_route(stage)
    people = [f"p{n}@example.com" for n in range(6)]
    assert await send(stage, 1, *people[:3]) == "relay"
    assert await send(stage, 2, *people) == "mass"


async def test_what_nobody_can_read_is_held_for_a_person_who_may_let_it_go(stage: Stage) -> None:
    for n in range(3):
        await accept(stage.world, submission(stage, f"p{n}@nhs.net", head=SMIME))
    receipt = await accept(stage.world, submission(stage, "p9@nhs.net", head=SMIME))
    assert isinstance(receipt, Accepted)
    assert receipt.decisions[0][1].outcome is Outcome.HOLD
    assert "mass mail" in receipt.decisions[0][1].reason
    let_go = await release(stage.world, receipt.message_id, actor="Dr Grey", reason="single letters")
    assert not isinstance(let_go, NotReleased)


async def test_a_bulk_route_that_became_peoples_own_is_not_taken(stage: Stage) -> None:
    with_bulk_route(stage)
    stage.save(replace(MASS, user_facing=True))
    assert await send(stage, 1, head=with_field(b"Precedence: bulk")) == "5.7.1 WM-BULK-NO-ROUTE"


async def test_all_mail_of_a_mass_mailer_goes_its_way_uncounted(stage: Stage) -> None:
    stage.save(replace(APP, route="mass", traffic=FEW))
    assert {await send(stage, n) for n in range(8)} == {"mass"}


async def test_a_ceiling_for_a_sender_address(stage: Stage) -> None:
    limits = Limits(None, None, None, None, 10)
    stage.save(replace(APP, limits=limits, traffic=Traffic(sender_messages_per_minute=2)))
    assert [await send(stage, 1, "a@nhs.net") for _ in range(3)] == ["relay", "relay", "4.7.0 WM-LIMIT-SENDER"]


async def test_at_each_attempt_it_is_asked_again_whose_route_it_is(office: Office) -> None:
    stage = office.stage
    stage.save(replace(MASS, accreditation=RELAY.accreditation, paused=True))
    stage.save(replace(APP, traffic=replace(FEW, bulk_route="mass")))
    message_id = await office.send("a@nhs.net", head=with_field(b"Precedence: bulk"))
    stage.save(Route("mass", RouteKind.NHSMAIL, host="smtp.office365.com"))
    await office.later(60)
    (line,) = Messages(stage.database).search(Search(message_id))
    assert (line.state, office.courier.given) == ("held", [])
    assert "mass mail" in line.last_reply
    refused = await release(stage.world, message_id, actor="Dr Grey", reason="please")
    assert isinstance(refused, NotReleased)
