"""What a record lets through: at the door, in the decision, and at each attempt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from tests.registrations import COMPLETE, REGISTERED
from tests.worlds import APP, HEAD, RELAY, submission
from wardmail.model.decision import Outcome
from wardmail.model.delivery import Deferred, PeerReply
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.registration import Signature
from wardmail.model.route import RouteKind
from wardmail.outbound.gate import told
from wardmail.outbound.register_view import RegisterView
from wardmail.outbound.release import NotReleased, release
from wardmail.outbound.submission import Desk
from wardmail.outbound.walk import accept

SENSITIVE = HEAD + b"Wardmail-Classification: official-sensitive\r\n"
TRIAL = replace(
    REGISTERED,
    state=IntegrationState.TRIAL,
    registration=replace(COMPLETE, team_recipients=("dev@trust.example",)),
)
OVERDUE = replace(REGISTERED, registration=replace(COMPLETE, review_date=date(2026, 11, 20)))
LAPSED = replace(REGISTERED, registration=replace(COMPLETE, review_date=date(2026, 10, 1)))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        yield made


async def outcome(office: Office, record: Integration, *to: str, head: bytes = HEAD) -> Accepted | Refusal:
    office.stage.save(record)
    return await accept(office.stage.world, submission(office.stage, *to, head=head), office.delivery)


async def test_a_trial_writes_to_its_team_and_to_nobody_else(office: Office) -> None:
    assert isinstance(await outcome(office, TRIAL, "DEV@trust.example"), Accepted)
    refused = await outcome(office, TRIAL, "a@nhs.net")
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.error) == (550, "WM-INTEGRATION-TRIAL")
    both = await outcome(office, TRIAL, "dev@trust.example", "a@nhs.net")
    assert isinstance(both, Accepted)
    assert [decision.outcome for _, decision in both.decisions] == [Outcome.DELIVER, Outcome.REFUSE]
    office.stage.save(replace(RELAY, kind=RouteKind.SANDBOX))
    assert isinstance(await outcome(office, TRIAL, "a@nhs.net"), Accepted)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (IntegrationState.DRAFT, "WM-INTEGRATION-DRAFT"),
        (IntegrationState.SUSPENDED, "WM-INTEGRATION-SUSPENDED"),
        (IntegrationState.RETIRED, "WM-INTEGRATION-RETIRED"),
    ],
)
async def test_what_is_closed_is_refused_at_every_door(office: Office, state: IntegrationState, error: str) -> None:
    record = replace(REGISTERED, state=state)
    refused = await outcome(office, record, "a@nhs.net")
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.error) == (550, error)
    desk = Desk(office.stage.world, office.delivery)
    at_login = desk.authenticate("app-1", office.stage.secret, "192.0.2.7")
    assert isinstance(at_login, Refusal)
    assert (at_login.code, at_login.status, at_login.error) == (535, "5.7.1", error)


async def test_an_overdue_record_holds_and_no_hand_lifts_it(office: Office) -> None:
    receipt = await outcome(office, OVERDUE, "a@nhs.net")
    assert isinstance(receipt, Accepted)
    assert receipt.decisions[0][1].outcome is Outcome.HOLD
    assert isinstance(await release(office.stage.world, receipt.message_id, actor="bo", reason="x"), NotReleased)
    office.stage.save(REGISTERED)
    assert not isinstance(await release(office.stage.world, receipt.message_id, actor="bo", reason="x"), NotReleased)


async def test_a_lapsed_record_says_what_it_lacks_and_whom_to_ask(office: Office) -> None:
    lacking = replace(LAPSED, registration=replace(LAPSED.registration, slsp=None))
    refused = await outcome(office, lacking, "a@nhs.net")
    assert isinstance(refused, Refusal)
    assert refused.public == "This integration may not send: its review is overdue; it lacks its SLSP reference"
    assert "2026-10-01" in refused.private
    heard = told(refused, (("registration", "reg@trust.example"),))
    assert heard.public.endswith(" (contact: reg@trust.example)")
    assert len(f"550 5.7.1 {heard.public}\r\n") <= 512


async def test_a_session_that_is_older_than_the_lapse_is_stopped_at_mail_from(office: Office) -> None:
    office.stage.save(REGISTERED)
    desk = Desk(office.stage.world, office.delivery)
    identity = desk.authenticate("app-1", office.stage.secret, "192.0.2.7")
    assert not isinstance(identity, Refusal)
    sender = submission(office.stage).envelope.sender
    assert desk.check_sender(identity, sender, 0) is None
    office.stage.save(LAPSED)
    refused = desk.check_sender(identity, sender, 0)
    assert refused is not None
    assert refused.error == "WM-INTEGRATION-LAPSED"


@pytest.mark.parametrize("record", [OVERDUE, LAPSED, replace(REGISTERED, state=IntegrationState.RETIRED)])
async def test_what_waits_is_held_and_not_lost(office: Office, record: Integration) -> None:
    office.courier.outcomes = [Deferred("busy", PeerReply(451, "4.3.2", "busy"), status="4.3.2")]
    office.stage.save(REGISTERED)
    message_id = await office.send("a@nhs.net")
    office.stage.save(record)
    await office.later(80)
    assert office.line(message_id).state == "held"
    assert len(office.courier.given) == 1


async def test_what_was_live_and_is_on_trial_again_reaches_no_stranger(office: Office) -> None:
    office.courier.outcomes = [Deferred("busy", PeerReply(451, "4.3.2", "busy"), status="4.3.2")]
    office.stage.save(REGISTERED)
    strange, own = await office.send("a@nhs.net"), await office.send("dev@trust.example")
    office.stage.save(TRIAL)
    await office.later(80)
    assert (office.line(strange).state, office.line(own).state) == ("held", "deferred")


async def test_sensitive_mail_needs_the_iams_reference(office: Office) -> None:
    without = replace(APP, registration=replace(APP.registration, iams=None))
    receipt = await outcome(office, without, "a@nhs.net", head=SENSITIVE)
    assert isinstance(receipt, Accepted)
    assert [hit.source for hit in receipt.decisions[0][1].because] == ["SEC-3"]
    plain = await outcome(office, without, "a@nhs.net")
    assert isinstance(plain, Accepted)
    assert plain.decisions[0][1].outcome is Outcome.DELIVER


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        (b"Good morning.\r\n\r\nDischarge Team,\r\nward co-ordinator,  EXAMPLE Trust\r\n", True),
        (b"Good morning.\r\n\r\nDischarge team\r\n", False),
        (b"", False),
    ],
)
async def test_mail_without_its_senders_signature_is_refused_when_asked(
    office: Office, body: bytes, taken: bool
) -> None:
    signature = Signature("Discharge team", "Ward co-ordinator", "Example Trust", required=True)
    office.stage.save(replace(REGISTERED, registration=replace(COMPLETE, signature=signature)))
    answer = await accept(office.stage.world, submission(office.stage, "a@nhs.net", body=body), office.delivery)
    assert isinstance(answer, Accepted) is taken
    if isinstance(answer, Refusal):
        assert answer.error == "WM-SIGNATURE-MISSING"


async def test_what_was_mended_a_moment_ago_is_not_held_again(office: Office) -> None:
    """A process may not have heard of it yet when a person releases what was held."""
    office.stage.save(OVERDUE)
    message_id = await office.send("a@nhs.net")
    office.stage.register.save_integration(REGISTERED, "bo")
    fresh = RegisterView(office.stage.register, office.stage.clock)
    done = await release(replace(office.stage.world, register=fresh), message_id, actor="bo", reason="mended")
    assert not isinstance(done, NotReleased)
    await office.delivery._fetch(office.delivery._lane("relay"))
    await office.settle()
    assert office.line(message_id).state == "relayed"
