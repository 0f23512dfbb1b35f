"""One bad message, one broken part: nothing else stops, and nothing is left unseen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.offices import Office, open_office
from tests.worlds import APP, RELAY, SettableClock, submission, with_field
from wardmail.manage import routes
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.decision import Protection
from wardmail.model.delivery import Deferred, Failed, PeerReply, RecipientState
from wardmail.model.integration import Limits
from wardmail.model.refusal import Refusal
from wardmail.model.register import RegisterSnapshot
from wardmail.model.route import Route, RouteKind, RouteLimits
from wardmail.outbound.register_view import RegisterView
from wardmail.outbound.release import release
from wardmail.outbound.reporting import Reporter
from wardmail.outbound.sweeping import Sweeper
from wardmail.outbound.walk import accept
from wardmail.store.messages import Messages, Search
from wardmail.store.schema import content, recipient

SENSITIVE = with_field(b"Wardmail-Classification: official-sensitive")
GONE = Failed("refused", PeerReply(550, "5.1.1", "no such user"), status="5.1.1")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        yield made


async def _waiting(office: Office, *to: str) -> list[str]:
    """Messages that nobody has in hand: they are due."""
    await office.delivery.drain(0.1)
    ids = [await office.send(each) for each in to]
    office.delivery._draining = False
    return ids


def _spoil(office: Office, message_id: str) -> None:
    with office.stage.database.write() as connection:
        connection.execute(update(content).where(content.c.message_id == message_id).values(body=b"spoilt"))


async def test_a_message_that_cannot_be_opened_does_not_stop_the_others(office: Office) -> None:
    spoilt, good = await _waiting(office, "a@nhs.net", "b@nhs.net")
    _spoil(office, spoilt)
    await office.later(1)
    assert office.line(good).state == "relayed"
    assert office.line(spoilt).state == "deferred"
    assert "cannot be opened" in office.line(spoilt).last_reply
    assert [each.kind for each in Messages(office.stage.database).history(spoilt)][-1] == "RecipientChanged"


async def test_a_message_that_cannot_be_opened_is_reported_when_its_time_is_up(office: Office) -> None:
    spoilt, other = await _waiting(office, "a@nhs.net", "b@nhs.net")
    _spoil(office, spoilt)
    office.stage.clock.at += 5 * 86_400
    office.stage.world.register.refresh()
    sweeper = Sweeper(office.stage.world.queue, Reporter(office.stage.world), office.stage.spool, office.stage.clock)
    await sweeper.sweep()
    assert {office.line(spoilt).state, office.line(other).state} == {"expired"}
    assert len(office.reports()) == 2
    assert b"Final-Recipient: rfc822; a@nhs.net" in await office.report()


async def test_a_report_that_cannot_be_made_does_not_hide_the_outcome(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> object:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(Reporter, "reports_on", broken)
    office.courier.outcomes = [GONE]
    message_id = await office.send("a@nhs.net")
    assert office.line(message_id).state == "bounced"


async def test_a_broken_attempt_does_not_strand_what_stands_behind_it(office: Office) -> None:
    class BreaksOnce:
        calls = 0

        async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
            self.calls += 1
            if self.calls == 1:
                raise ValueError("a fault of ours")
            return await office.courier.deliver(consignment, route)

    office.stage.save(replace(office.stage.world.register.snapshot.routes["relay"], limits=RouteLimits(connections=1)))
    first, second = await _waiting(office, "a@nhs.net", "b@nhs.net")
    office.delivery._courier = BreaksOnce()  # type: ignore[assignment]
    await office.later(1)
    assert sorted([office.line(first).state, office.line(second).state]) == ["accepted", "relayed"]


async def test_what_takes_long_stays_ours(office: Office) -> None:
    """A slow upstream must not make a second process send the same message."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
            begun.set()
            await go_on.wait()
            return await office.courier.deliver(consignment, route)

    (message_id,) = await _waiting(office, "a@nhs.net")
    office.delivery._courier = Slow()  # type: ignore[assignment]
    now = office.stage.clock.at
    await office.delivery._fetch(office.delivery._lane("relay"))
    await begun.wait()
    for _ in range(4):
        office.stage.clock.at += 400
        await office.delivery._renew()
    with office.stage.database.read() as connection:
        row = connection.execute(select(recipient.c.due_at).where(recipient.c.message_id == message_id)).one()
    assert row.due_at > now + 1600
    go_on.set()
    await office.settle()
    assert office.line(message_id).state == "relayed"


async def test_what_waited_in_memory_beyond_its_lease_is_not_sent_from_memory(office: Office) -> None:
    (message_id,) = await _waiting(office, "a@nhs.net")
    lane = office.delivery._lane("relay")
    office.delivery._staff = lambda lane: None  # type: ignore[method-assign]
    await office.delivery._fetch(lane)
    del office.delivery._staff
    office.stage.clock.at += 601
    office.stage.world.register.refresh()
    office.delivery._staff(lane)
    await office.settle()
    assert office.courier.given == []
    await office.later(1)
    assert office.line(message_id).state == "relayed"


async def test_following_the_register_survives_a_record_that_cannot_be_read() -> None:
    class Source:
        def suppressions_since(self, number: int) -> tuple[()]:
            return ()

        calls = 0

        def version(self) -> int:
            self.calls += 1
            if self.calls == 2:
                raise ValueError("a fault of ours")
            return self.calls

        def snapshot(self) -> RegisterSnapshot:
            return RegisterSnapshot(self.calls, {"app": APP}, {}, {}, {}, None, 0.0)

    view = RegisterView(Source(), SettableClock(), every=0.001)
    task = asyncio.create_task(view.follow())
    try:
        async with asyncio.timeout(5):
            while view.snapshot.version < 3:
                await asyncio.sleep(0.001)
    finally:
        task.cancel()


async def _held_long_ago(office: Office, *to: str) -> str:
    message_id = await office.send(*to, head=SENSITIVE)
    office.stage.clock.at += 5 * 86_400
    office.stage.save(APP)
    return message_id


async def test_what_waited_for_a_person_is_not_given_up_when_it_is_let_go(office: Office) -> None:
    message_id = await _held_long_ago(office, "someone@example.com")
    await release(office.stage.world, message_id, actor="Dr Grey", reason="the GP telephoned")
    sweeper = Sweeper(office.stage.world.queue, Reporter(office.stage.world), office.stage.spool, office.stage.clock)
    await sweeper.sweep()
    assert office.line(message_id).state == "accepted"
    assert office.reports() == []
    await office.later(1)
    assert office.line(message_id).state == "relayed"


async def test_cancelling_a_held_copy_leaves_the_others_alone(office: Office) -> None:
    office.courier.outcomes = [Deferred("busy", PeerReply(451, "4.3.2", "busy"), status="4.3.2")]
    message_id = await office.send("a@nhs.net", "someone@example.com", head=SENSITIVE)
    assert [office.line(message_id, n).state for n in (0, 1)] == ["deferred", "held"]
    Messages(office.stage.database).change_state(
        [message_id], to=RecipientState.CANCELLED, actor="me", reason="no", only=[1]
    )
    assert [office.line(message_id, n).state for n in (0, 1)] == ["deferred", "cancelled"]


async def test_what_a_courier_has_in_hand_is_not_called_cancelled(office: Office) -> None:
    (message_id,) = await _waiting(office, "a@nhs.net")
    now = time.time()
    await office.stage.world.queue.lease("relay", 10, now, now + 600)
    messages = Messages(office.stage.database)
    assert messages.change_state([message_id], to=RecipientState.CANCELLED, actor="me", reason="no") == []
    assert messages.in_hand([message_id]) == 1


async def test_each_copy_is_released_with_its_own_header(office: Office) -> None:
    """Copies held on the way out were tagged and signed: nobody gets another's tag, or a signature twice."""
    tagging = replace(RELAY, secure_tag="[secure]", kind=RouteKind.NHSMAIL)
    office.stage.save(replace(tagging, paused=True))
    message_id = await office.send("a@nhs.net", "someone@example.com", head=SENSITIVE)
    Messages(office.stage.database).change_state([message_id], to=RecipientState.HELD, actor="me", reason="wait")
    office.stage.save(tagging)
    released = await release(office.stage.world, message_id, actor="Dr Grey", reason="it may go")
    assert isinstance(released, tuple)
    for each in released:
        assert each.head.count(b"DKIM-Signature:") == 2
        tagged = Protection.SECURE_TAG in each.decision.protections
        assert (b"Subject: [secure]" in each.head) is tagged
    assert len({each.head for each in released}) == 2


@pytest.mark.parametrize("typed", ["a@NHS.net", " <a@nhs.net>", "mailto:a@nhs.net", "A@NHS.NET"])
async def test_a_message_is_found_by_an_address_as_people_paste_it(office: Office, typed: str) -> None:
    message_id = await office.send("a@nhs.net")
    assert [each.message_id for each in Messages(office.stage.database).search(Search(typed))] == [message_id]


async def test_a_message_that_no_ceiling_ever_has_room_for_is_not_put_off_for_ever(office: Office) -> None:
    """451 would make the application try it again until the end of its days."""
    office.stage.save(replace(APP, limits=Limits(recipients_per_day=1)))
    refused = await accept(office.stage.world, submission(office.stage, "a@nhs.net", "b@nhs.net"))
    assert isinstance(refused, Refusal)
    assert not refused.is_temporary


def test_a_route_whose_day_is_smaller_than_a_message_is_refused() -> None:
    """Its first large message would close it for a day, every day."""
    assert routes.problems(replace(RELAY, limits=RouteLimits(recipients_per_day=50)))
    assert not routes.problems(replace(RELAY, limits=RouteLimits(recipients_per_day=100)))
