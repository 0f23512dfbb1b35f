"""Dead addresses are not written to again, and an integration whose mail goes wrong is paused, alone (SEND-3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from tests.worlds import APP, HEAD, RELAY, submission, with_field
from wardmail.model.decision import Outcome
from wardmail.model.delivery import Failed, HandedOn, PeerReply
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.route import RouteKind
from wardmail.model.stored import Event
from wardmail.model.suppression import EVERYBODY, Suppression, SuppressionReason
from wardmail.model.traffic import Breaker, BreakerTerms, Phase, Traffic
from wardmail.outbound.release import NotReleased, release
from wardmail.outbound.walk import accept
from wardmail.store.breakers import Breakers
from wardmail.store.messages import Messages
from wardmail.store.suppressions import StoreSuppressions

NO_SUCH = Failed("no", PeerReply(550, "5.1.1", "no such user"), "5.1.1")
SPAM = Failed("no", PeerReply(554, "5.7.1", "looks like spam"), "5.7.1")
OURS = Failed("we would not", None, "5.1.1")
TAKEN = HandedOn(PeerReply(250, "2.0.0", "ok"))
URGENT = with_field(b"Wardmail-Urgency: time-critical")
SENSITIVE = with_field(b"Wardmail-Classification: official-sensitive")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        opened.stage.database.clock = opened.stage.clock
        terms = BreakerTerms(at_least=4, trial_messages=2, cooling_minutes=10)
        opened.stage.save(replace(APP, traffic=Traffic(breaker=terms)))
        opened.stage.save(replace(APP, id="other", senders=("@team.example",)))
        yield opened


async def outcome(office: Office, to: str, head: bytes = HEAD) -> str:
    office.stage.world.register.refresh()
    receipt = await accept(office.stage.world, submission(office.stage, to, head=head), office.delivery)
    await office.settle()
    if isinstance(receipt, Refusal):
        return receipt.error
    return receipt.decisions[0][1].outcome.value


async def bounce(office: Office, *to: str, how: Failed = NO_SUCH) -> None:
    office.courier.outcomes = [how]
    for each in to:
        await office.send(each)
    office.courier.outcomes = [TAKEN]
    office.stage.world.register.refresh()


async def test_a_hard_bounce_suppresses_for_everybody(office: Office) -> None:
    await bounce(office, "Gone@nhs.net")
    assert await outcome(office, "gone@nhs.net") == "WM-SUPPRESSED"
    assert await outcome(office, "here@nhs.net") == "deliver"
    (entry,) = StoreSuppressions(office.stage.database).all()
    assert (entry.address, entry.integration_id, entry.reason) == ("gone@nhs.net", "", SuppressionReason.BOUNCED)
    audit = Messages(office.stage.database).audit(0, 1000)
    (added,) = [each for each in audit if each.kind == "SuppressionAdded"]
    assert "gone" not in str(added.detail).lower()


@pytest.mark.parametrize("how", [SPAM, OURS])
async def test_a_refusal_of_the_sender_or_our_own_suppresses_nobody(office: Office, how: Failed) -> None:
    await bounce(office, "a@nhs.net", how=how)
    assert StoreSuppressions(office.stage.database).all() == []


async def test_the_sandbox_only_plays_bounces(office: Office) -> None:
    office.stage.save(replace(RELAY, kind=RouteKind.SANDBOX))
    await bounce(office, "bounce@sandbox.invalid")
    assert StoreSuppressions(office.stage.database).all() == []


async def test_what_matters_is_held_and_a_person_may_send_it_all_the_same(office: Office) -> None:
    await bounce(office, "gone@nhs.net")
    for head in (URGENT, SENSITIVE):
        receipt = await accept(office.stage.world, submission(office.stage, "gone@nhs.net", head=head))
        assert isinstance(receipt, Accepted)
        assert receipt.decisions[0][1].outcome is Outcome.HOLD
        done = await release(office.stage.world, receipt.message_id, actor="Dr Grey", reason="they are back")
        assert not isinstance(done, NotReleased)


async def test_an_entry_ends_and_can_be_taken_off(office: Office) -> None:
    kept = StoreSuppressions(office.stage.database)
    now = office.stage.clock.now()
    by_hand = Suppression("x@nhs.net", EVERYBODY, SuppressionReason.BY_HAND, "asked", "me", now, now + 60)
    kept.add([by_hand, replace(by_hand, address="y@nhs.net", integration_id="other", expires_at=None)])
    assert await outcome(office, "x@nhs.net") == "WM-SUPPRESSED"
    assert await outcome(office, "y@nhs.net") == "deliver"
    office.stage.clock.at += 61
    assert await outcome(office, "x@nhs.net") == "deliver"
    kept.add([replace(by_hand, expires_at=None)])
    assert await outcome(office, "x@nhs.net") == "WM-SUPPRESSED"
    assert kept.remove("X@nhs.net", None, "me", "mistake") == 1
    assert await outcome(office, "x@nhs.net") == "deliver"


async def test_at_the_door_nobody_is_refused_before_the_message_was_seen(office: Office) -> None:
    await bounce(office, "gone@nhs.net")
    assert await outcome(office, "gone@nhs.net", URGENT) == "hold"


async def test_too_many_bounces_pause_one_integration_and_not_the_relay(office: Office) -> None:
    await bounce(office, *(f"gone{n}@nhs.net" for n in range(4)))
    assert office.stage.world.register.phase("app") is Phase.OPEN
    assert await outcome(office, "a@nhs.net") == "WM-INTEGRATION-PAUSED"
    assert await outcome(office, "a@nhs.net", URGENT) == "hold"
    assert office.stage.world.register.phase("other") is Phase.CLOSED
    kinds = [each.kind for each in Messages(office.stage.database).audit(0, 1000)]
    assert kinds.count("BreakerOpened") == 1


async def test_what_is_queued_waits_and_goes_by_a_trial(office: Office) -> None:
    office.stage.save(replace(RELAY, paused=True))
    queued = [await office.send(f"q{n}@nhs.net") for n in range(5)]
    office.stage.save(RELAY)
    pause(office)
    await office.later(60)
    assert office.courier.given == []
    assert {office.line(each).state for each in queued} == {"accepted"}
    await office.later(600)
    assert len(office.courier.given) == 2  # on trial, no more
    office.stage.world.register.refresh()
    assert office.stage.world.register.phase("app") is Phase.CLOSED
    await office.later(7200)
    assert {office.line(each).state for each in queued} == {"relayed"}


async def test_a_trial_that_fails_pauses_for_longer(office: Office) -> None:
    office.stage.save(replace(APP, traffic=Traffic(breaker=BreakerTerms(at_least=4, trial_messages=3))))
    pause(office)
    office.stage.clock.at += 1000
    office.stage.world.register.refresh()
    await bounce(office, *(f"gone{n}@nhs.net" for n in range(3)))
    breaker = office.stage.world.register.snapshot.breakers["app"]
    assert (breaker.number, breaker.phase(office.stage.clock.now())) == (2, Phase.OPEN)
    assert "trial failed" in breaker.reason


async def test_a_person_closes_it(office: Office) -> None:
    pause(office)
    breakers = Breakers(office.stage.database)
    assert breakers.close("app", "me", "the list was cleaned") is not None
    assert breakers.close("app", "me", "again") is None
    assert await outcome(office, "a@nhs.net") == "deliver"


def pause(office: Office) -> None:
    stage, now = office.stage, office.stage.clock.now()
    with stage.database.write() as connection:
        opened = Breaker("app", 1, now, now + 600, 600.0, "4 of 4 copies bounced")
        Breakers(stage.database)._save(connection, opened, Event("BreakerOpened", now, "test", None, "app", {}))
    stage.world.register.refresh()
