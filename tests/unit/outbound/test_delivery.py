"""Lanes, retries, reports, expiry and release: what happens to a message after its 250."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from tests.worlds import (
    ACCREDITED,
    APP,
    RELAY,
    submission,
    with_envelope,
    with_field,
)
from wardmail.manage.routes import preset
from wardmail.model.delivery import Ambiguous, Deferred, Delivered, Failed, HandedOn, PeerReply
from wardmail.model.integration import IntegrationState
from wardmail.model.message import Recipient
from wardmail.model.route import RouteKind, RouteLimits
from wardmail.outbound.release import NotReleased, release
from wardmail.outbound.reporting import Reporter
from wardmail.outbound.sweeping import Sweeper
from wardmail.outbound.walk import accept
from wardmail.store.messages import Messages

SENSITIVE = with_field(b"Wardmail-Classification: official-sensitive")
BUSY = Deferred("busy", PeerReply(451, "4.3.2", "busy"), status="4.3.2")
SILENT = Deferred("no connection", counts=False)
GONE = Failed("refused", PeerReply(550, "5.1.1", "no such user"), status="5.1.1")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        yield made


async def test_a_message_goes_to_the_couriers_without_being_read_back(office: Office) -> None:
    message_id = await office.send("a@nhs.net", "b@nhs.net")
    (given,) = office.courier.given
    assert [str(each.address) for each in given.recipients] == ["a@nhs.net", "b@nhs.net"]
    assert office.line(message_id).state == "relayed"
    assert office.line(message_id).last_reply == "250 2.0.0 ok"


async def test_a_deferred_message_comes_again_and_arrives(office: Office) -> None:
    office.courier.outcomes = [BUSY, HandedOn(PeerReply(250, "2.0.0", "ok"))]
    message_id = await office.send("a@nhs.net")
    line = office.line(message_id)
    assert (line.state, line.attempts) == ("deferred", 1)
    assert line.due_at is not None
    assert 48 <= line.due_at - office.stage.clock.now() <= 72
    await office.later(80)
    assert office.line(message_id).state == "relayed"
    assert len(office.courier.given) == 2


async def test_test_mail_stays_when_its_sandbox_becomes_a_live_route(office: Office) -> None:
    register, live = office.stage.register, office.stage.world.register
    register.save_route(preset(RouteKind.SANDBOX, "sandbox"), "test")
    register.save_credential(replace(live.snapshot.credentials["app-1"], is_test=True), "test")
    live.refresh()
    office.courier.outcomes = [BUSY]
    message_id = await office.send("a@nhs.net")
    assert [each.route for each in office.courier.given] == ["sandbox"]
    register.save_route(replace(RELAY, name="sandbox"), "test")
    live.refresh()
    await office.later(80)
    assert len(office.courier.given) == 1
    assert office.line(message_id).state == "held"
    refused = await release(office.stage.world, message_id, actor="amina", reason="a test")
    assert isinstance(refused, NotReleased)


async def test_a_report_about_test_mail_stays_when_its_sandbox_becomes_a_live_route(office: Office) -> None:
    register, live = office.stage.register, office.stage.world.register
    register.save_route(preset(RouteKind.SANDBOX, "sandbox"), "test")
    register.save_credential(replace(live.snapshot.credentials["app-1"], is_test=True), "test")
    live.refresh()
    office.courier.outcomes = [GONE, BUSY]
    await office.send("nobody@nhs.net")
    await office.later(1)
    assert [(each.sender is None, each.route) for each in office.courier.given] == [
        (False, "sandbox"),
        (True, "sandbox"),
    ]
    register.save_route(replace(RELAY, name="sandbox"), "test")
    live.refresh()
    await office.later(80)
    assert len(office.courier.given) == 2
    assert office.line(office.reports()[0]).state == "held"


async def test_a_refused_recipient_is_reported_to_the_sender_with_the_header_only(office: Office) -> None:
    office.courier.outcomes = [GONE, HandedOn(PeerReply(250, "2.0.0", "ok"))]
    message_id = await office.send("nobody@nhs.net", head=SENSITIVE)
    assert office.line(message_id).state == "bounced"
    raw = await office.report()
    report = message_from_bytes(raw)
    assert report.get_content_type() == "multipart/report"
    assert report["To"] == "<app@trust.example>"
    assert report["Auto-Submitted"] == "auto-replied"
    assert b"Good morning" not in raw
    assert b"Subject: Hello" in raw
    assert b"Final-Recipient: rfc822; nobody@nhs.net" in raw
    await office.later(1)
    (sent,) = office.courier.given[1:]
    assert sent.sender is None
    assert str(sent.recipients[0].address) == "app@trust.example"


async def test_a_report_that_fails_is_not_reported(office: Office) -> None:
    office.courier.outcomes = [GONE]
    await office.send("nobody@nhs.net")
    await office.later(1)
    await office.later(1)
    assert len(office.reports()) == 1
    assert office.line(office.reports()[0]).state == "bounced"


@pytest.mark.parametrize(
    ("notify", "outcome", "reports"),
    [
        ({"NEVER"}, GONE, 0),
        ({"SUCCESS"}, GONE, 0),
        ({"FAILURE"}, GONE, 1),
        ({"SUCCESS"}, HandedOn(PeerReply(250, "2.0.0", "ok"), dsn=False), 1),
        ({"SUCCESS"}, HandedOn(PeerReply(250, "2.0.0", "ok"), dsn=True), 0),
        ({"SUCCESS"}, Delivered(PeerReply(250, "2.0.0", "ok")), 1),
        (set(), HandedOn(PeerReply(250, "2.0.0", "ok"), dsn=False), 0),
    ],
)
async def test_senders_are_told_what_they_asked_to_be_told(
    office: Office, notify: set[str], outcome: Failed | HandedOn | Delivered, reports: int
) -> None:
    office.courier.outcomes = [outcome]
    handed_in = submission(office.stage)
    people = (Recipient(handed_in.envelope.recipients[0].address, frozenset(notify)),)
    await accept(office.stage.world, with_envelope(handed_in, recipients=people), office.delivery)
    await office.settle()
    assert len(office.reports()) == reports


async def test_a_lost_connection_after_the_final_dot_is_tried_again(office: Office) -> None:
    office.courier.outcomes = [Ambiguous("lost"), HandedOn(PeerReply(250, "2.0.0", "ok"))]
    message_id = await office.send("a@nhs.net")
    assert office.line(message_id).state == "deferred"
    await office.later(80)
    assert office.line(message_id).state == "relayed"


async def test_a_silent_upstream_closes_its_lane_and_costs_no_attempt(office: Office) -> None:
    office.courier.outcomes = [SILENT]
    first = await office.send("a@nhs.net")
    line = office.line(first)
    assert (line.state, line.attempts) == ("deferred", 0)
    second = await office.send("b@nhs.net")
    assert len(office.courier.given) == 1
    assert office.line(second).state == "accepted"
    office.courier.outcomes = [HandedOn(PeerReply(250, "2.0.0", "ok"))]
    await office.later(5)
    await office.later(5)
    assert {office.line(first).state, office.line(second).state} == {"relayed"}


async def test_a_ceiling_of_the_upstream_is_kept(office: Office) -> None:
    office.stage.save(replace(RELAY, limits=RouteLimits(messages_per_minute=2)))
    ids = [await office.send(f"a{n}@nhs.net") for n in range(4)]
    assert len(office.courier.given) == 2
    assert [office.line(each).state for each in ids] == ["relayed", "relayed", "accepted", "accepted"]
    await office.later(70)
    assert len(office.courier.given) == 4


async def test_a_paused_route_waits_and_resumes(office: Office) -> None:
    office.stage.save(replace(RELAY, paused=True))
    message_id = await office.send("a@nhs.net")
    assert office.courier.given == []
    office.stage.save(RELAY)
    await office.later(2)
    assert office.line(message_id).state == "relayed"


async def test_guards_tighten_what_was_decided(office: Office) -> None:
    office.courier.outcomes = [BUSY]
    message_id = await office.send("a@nhs.net", head=SENSITIVE)
    office.stage.save(replace(RELAY, accreditation=replace(ACCREDITED, expires=date(2026, 11, 1))))
    await office.later(80)
    assert len(office.courier.given) == 1
    assert office.line(message_id).state == "held"


async def test_mail_of_an_integration_suspended_meanwhile_is_held(office: Office) -> None:
    office.courier.outcomes = [BUSY]
    message_id = await office.send("a@nhs.net")
    office.stage.save(replace(APP, state=IntegrationState.SUSPENDED))
    await office.later(80)
    assert office.line(message_id).state == "held"


async def test_a_delay_is_told_once_and_the_end_is_told(office: Office) -> None:
    office.courier.outcomes = [BUSY]
    message_id = await office.send("a@nhs.net")
    world = office.stage.world
    sweeper = Sweeper(world.queue, Reporter(world), office.stage.spool, office.stage.clock)
    office.stage.clock.at += 3700
    world.register.refresh()
    await sweeper.sweep()
    await sweeper.sweep()
    assert len(office.reports()) == 1
    assert b"Action: delayed" in await office.report()
    office.stage.clock.at += 5 * 86_400
    world.register.refresh()
    await sweeper.sweep()
    assert office.line(message_id).state == "expired"
    assert b"Action: failed" in await office.report(1)


async def test_a_body_that_no_message_knows_is_swept_from_the_spool(office: Office) -> None:
    stage = office.stage
    sweeper = Sweeper(stage.world.queue, Reporter(stage.world), stage.spool, stage.clock)
    for message_id in ("KEPT", "ORPHAN"):
        sink = stage.spool.open_sink(message_id)
        sink.write(b"x" * 10)
        body = sink.finish()
        if message_id == "KEPT":
            await accept(stage.world, replace(submission(stage), body=body))
    stage.clock.at = time.time() + 7200
    stage.world.register.refresh()
    assert await sweeper.sweep_spool() == 1
    assert len(stage.spool.names(older_than=stage.clock.at)) == 1


async def test_a_released_message_goes_signed_and_by_name(office: Office) -> None:
    message_id = await office.send("someone@example.com", head=SENSITIVE)
    assert office.line(message_id).state == "held"
    released = await release(office.stage.world, message_id, actor="Dr Grey", reason="the GP telephoned")
    assert not isinstance(released, NotReleased)
    await office.later(1)
    (given,) = office.courier.given
    assert given.head.count(b"DKIM-Signature:") == 2
    assert given.head.startswith(b"Received:")
    assert office.line(message_id).state == "relayed"
    history = Messages(office.stage.database).history(message_id)
    assert [(each.kind, each.actor) for each in history][1] == ("HoldReleased", "Dr Grey")


async def test_nothing_is_released_twice(office: Office) -> None:
    message_id = await office.send("someone@example.com", head=SENSITIVE)
    await release(office.stage.world, message_id, actor="a", reason="r")
    again = await release(office.stage.world, message_id, actor="b", reason="r")
    assert isinstance(again, NotReleased)


async def test_release_asks_the_policy_again(office: Office) -> None:
    message_id = await office.send("someone@example.com", head=SENSITIVE)
    office.stage.save(replace(APP, state=IntegrationState.SUSPENDED))
    refused = await release(office.stage.world, message_id, actor="a", reason="r")
    assert isinstance(refused, NotReleased)
    assert "suspended" in refused.reason


async def test_a_draining_office_gives_back_what_it_has_not_begun(office: Office) -> None:
    office.stage.save(replace(RELAY, limits=RouteLimits(connections=1)))
    await office.delivery.drain(1.0)
    message_id = await office.send("a@nhs.net")
    assert office.courier.given == []
    assert office.line(message_id).due_at == office.stage.clock.now()
