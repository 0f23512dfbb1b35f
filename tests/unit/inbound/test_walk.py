"""The inbound walk: what is not known waits, what is not clean is not handed over, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.databases import fresh_sqlite
from tests.inbound_desk import LETTERS, Office, evidence, office, silent
from wardmail.inbound.reception import ReceivingDesk
from wardmail.model.address import Address
from wardmail.model.arrival import ArrivalState, RawMail, Reception
from wardmail.model.handover import Handover, HandoverKind, NotTaken
from wardmail.model.inspection import ScanOutcome, ScanReport
from wardmail.model.integration import IntegrationState
from wardmail.model.message import MemoryBody, TlsSession
from wardmail.model.refusal import Refusal
from wardmail.model.sender import AuthResult
from wardmail.model.source import PlainPeer, SmtpTerms
from wardmail.model.verdict import Action
from wardmail.store.correspondents import FEWEST
from wardmail.store.sources import StoreSources

TO = Address("letters", "trust.example")
FORGED = (
    b"Wardmail-Verdict: accept\r\nwardmail-signature-acceptable : yes\r\n folded\r\n"
    b"Authentication-Results: (c) gateway.example; spf=pass\r\nFrom: a@nhs.net\r\n"
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with fresh_sqlite(tmp_path) as database, office(database) as opened:
        yield opened


def reception(desk: Office, head: bytes = b"From: a@nhs.net\r\n", tls: bool = True) -> Reception:
    return Reception(
        desk.world.new_id(),
        "192.0.2.7",
        "mail.nhs.net",
        TlsSession("TLSv1.3", "X") if tls else None,
        Address("a", "nhs.net"),
        (TO,),
        False,
        RawMail(head, MemoryBody((b"Hello\r\n",))),
        desk.clock.now(),
    )


async def brought(desk: Office, **what: bytes) -> str | Refusal:
    answer = await ReceivingDesk(desk.world, desk.workers).accept(reception(desk, **what))  # type: ignore[arg-type]
    await desk.settle()
    return answer


async def test_it_is_handed_over_with_what_was_proved_and_nobody_elses_word(desk: Office) -> None:
    name = await brought(desk, head=FORGED)
    assert isinstance(name, str)
    assert await desk.state(name) is ArrivalState.HANDED_OVER
    (parcel,) = desk.judges.taken
    head = parcel.message.partition(b"\r\n\r\n")[0]
    assert parcel.message.startswith(b"Return-Path: <a@nhs.net>\r\nReceived: from mail.nhs.net ([192.0.2.7])")
    assert head.count(b"Wardmail-Verdict:") == 1
    assert head.lower().count(b"wardmail-signature-acceptable") == 1
    assert b"folded" not in head
    assert b"(c) gateway.example" not in head
    assert f"Wardmail-Message-Id: {name}".encode() in head
    assert parcel.message.endswith(b"From: a@nhs.net\r\n\r\nHello\r\n")


async def test_its_sender_hears_a_refusal_while_it_waits(desk: Office) -> None:
    desk.judges.action = Action.REFUSE
    refused = await brought(desk)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.status) == (550, "5.7.1")
    assert desk.judges.taken == []


async def test_what_was_accepted_is_refused_no_more_but_set_aside(desk: Office) -> None:
    arrived = await brought(desk)
    assert isinstance(arrived, str)
    desk.judges.action = Action.REFUSE
    desk.register.has(replace(LETTERS, name="other", smtp=SmtpTerms(("others@trust.example",))))
    both = replace(reception(desk), recipients=(TO, Address("others", "trust.example")))
    name = await ReceivingDesk(desk.world, desk.workers).accept(both)
    assert isinstance(name, str)
    await desk.settle()
    assert await desk.state(name) is ArrivalState.QUARANTINED


@pytest.mark.parametrize(
    "answer",
    [ScanReport("clamd", ScanOutcome.UNKNOWN, why="no answer"), RuntimeError("it broke")],
    ids=["silent", "broken"],
)
async def test_unscanned_is_not_clean(desk: Office, answer: ScanReport | Exception) -> None:
    desk.judges.scan = answer
    name = await brought(desk)
    assert isinstance(name, str), "it was stored: its sender is told so"
    waiting = await desk.arrival(name)
    assert (waiting.state, waiting.attempts) == (ArrivalState.RECEIVED, 1)
    assert waiting.due_at is not None
    assert desk.judges.taken == []
    desk.clock.at += desk.world.settings.unscanned_for + 1
    await sweep(desk)
    assert await desk.state(name) is ArrivalState.QUARANTINED
    assert desk.judges.taken == []


async def test_a_scanner_that_answers_later_is_asked_again(desk: Office) -> None:
    desk.judges.scan = ScanReport("clamd", ScanOutcome.UNKNOWN)
    name = await brought(desk)
    assert isinstance(name, str)
    desk.judges.scan = ScanReport("clamd", ScanOutcome.CLEAN)
    desk.clock.at += 10
    await sweep(desk)
    assert await desk.state(name) is ArrivalState.HANDED_OVER


async def test_silent_dns_is_waited_for_and_then_judged_without(desk: Office) -> None:
    desk.judges.sender = evidence(AuthResult.TEMPERROR)
    name = await brought(desk)
    assert isinstance(name, str)
    assert await desk.state(name) is ArrivalState.RECEIVED
    desk.clock.at += 1000
    await sweep(desk)
    assert await desk.state(name) is ArrivalState.HANDED_OVER


async def test_an_inspector_that_is_gone_loses_nothing(desk: Office) -> None:
    desk.judges.inspection = silent("the inspection pool")
    name = await brought(desk)
    assert isinstance(name, str)
    assert await desk.state(name) is ArrivalState.RECEIVED


async def test_what_breaks_our_own_work_is_for_a_person(desk: Office) -> None:
    desk.judges.inspection = RuntimeError("a fault")
    name = await brought(desk)
    assert isinstance(name, str)
    assert await desk.state(name) is ArrivalState.QUARANTINED


async def test_an_application_that_is_away_gets_it_later_and_a_hopeless_one_is_a_dead_letter(desk: Office) -> None:
    desk.judges.handover = NotTaken("it does not answer")
    name = await brought(desk)
    assert isinstance(name, str)
    assert await desk.state(name) is ArrivalState.HANDING_OVER
    for _ in range(desk.world.settings.attempts + 1):
        desk.clock.at += 100_000
        await sweep(desk)
    assert await desk.state(name) is ArrivalState.DEAD_LETTER
    assert {parcel.id for parcel in desk.judges.taken} == {name}, "the key stays the same"


async def test_the_words_of_the_applications_server_are_in_no_log(
    desk: Office, caplog: pytest.LogCaptureFixture
) -> None:
    desk.judges.handover = NotTaken("Its server refuses it: 550 <ann.patient@trust.example> is unknown", permanent=True)
    name = await brought(desk)
    assert isinstance(name, str)
    assert "ann.patient" in (await desk.arrival(name)).why
    assert f"not_handed_over arrival={name}" in caplog.text
    assert "ann.patient" not in caplog.text


async def test_a_suspended_integration_gets_nothing_and_loses_nothing(desk: Office) -> None:
    desk.judges.handover = NotTaken("it does not answer")
    name = await brought(desk)
    assert isinstance(name, str)
    desk.register.is_in_state(IntegrationState.SUSPENDED)
    for _ in range(30):
        desk.clock.at += 100_000
        await sweep(desk)
    assert await desk.state(name) is ArrivalState.HANDING_OVER
    assert len(desk.judges.taken) == 1


async def test_who_collects_himself_is_waited_for(desk: Office) -> None:
    desk.register.has(handover=Handover("app"))
    name = await brought(desk)
    assert isinstance(name, str)
    waiting = await desk.arrival(name)
    assert (waiting.state, waiting.due_at) == (ArrivalState.HANDING_OVER, None)


async def test_who_changes_the_way_of_handing_over_changes_it_for_what_waits(desk: Office) -> None:
    desk.register.has(handover=Handover("app"))
    name = await brought(desk)
    assert isinstance(name, str)
    pushed = Handover("app", HandoverKind.MAILDIR, directory="/nowhere")
    StoreSources(desk.database).save_handover(pushed, "ann", "it changed its mind")
    desk.register.has(handover=pushed)
    desk.judges.handover = NotTaken("not yet")
    await sweep(desk)
    waiting = await desk.arrival(name)
    assert (len(desk.judges.taken), waiting.due_at is not None) == (1, True)
    desk.register.has(handover=Handover("app"))
    desk.clock.at += 100
    await sweep(desk)
    waiting = await desk.arrival(name)
    assert (len(desk.judges.taken), waiting.due_at, waiting.attempts) == (1, None, 0)


async def test_a_loop_ends(desk: Office) -> None:
    refused = await brought(desk, head=b"Received: by x; now\r\n" * 60 + b"From: a@nhs.net\r\n")
    assert isinstance(refused, Refusal)
    assert refused.status == "5.4.6"


def test_who_may_bring_mail_for_whom(desk: Office) -> None:
    receiving = ReceivingDesk(desk.world, desk.workers)

    def told(to: Address = TO, peer: str = "192.0.2.7", by_tls: bool = True) -> str:
        refusal = receiving.check_recipient(peer, to, by_tls=by_tls)
        return refusal.status if refusal else ""

    assert told() == ""
    assert told(Address("LETTERS", "Trust.Example")) == ""
    assert told(Address("nobody", "trust.example")) == "5.1.1"
    assert told(by_tls=False) == "5.7.10"
    today = PlainPeer("192.0.2.0/24", date(2027, 1, 31), "an old scanner", "ward")
    desk.register.has(replace(LETTERS, smtp=SmtpTerms(("@trust.example",), (today,), ("192.0.2.0/28",))))
    assert told(by_tls=False) == ""
    assert told(peer="192.0.2.99") == "5.7.1", "only its own service may bring it"
    assert receiving.exception_for("192.0.2.7") == "an old scanner (until 2027-01-31, by ward)"
    desk.clock.at += 40 * 86_400
    assert receiving.exception_for("192.0.2.7") == "", "an exception ends with its day"
    assert told(by_tls=False) == "5.7.10"
    desk.register.is_in_state(IntegrationState.LAPSED)
    assert told() == "5.7.1"


async def sweep(desk: Office) -> None:
    desk.workers._is_draining = False
    await desk.workers.sweep()
    await desk.settle()


async def test_a_stranger_is_told_from_who_wrote_before(desk: Office) -> None:
    for n in range(FEWEST):
        desk.judges.sender = replace(evidence(), authors=(f"p{n}@nhs.net",))
        await brought(desk, head=b"From: p%d@nhs.net\r\n" % n)
    desk.judges.sender = replace(evidence(), authors=("new@nhs.net",))
    for _ in range(2):
        await brought(desk, head=b"From: New <New@nhs.net>\r\n")
    desk.judges.action = Action.QUARANTINE
    desk.judges.sender = replace(evidence(), authors=("bad@nhs.net",))
    for _ in range(2):
        await brought(desk, head=b"From: bad@nhs.net\r\n")
    assert desk.judges.known[:FEWEST] == [None] * FEWEST
    assert desk.judges.known[FEWEST:] == [False, True, False, False], "what is kept back makes nobody known"
