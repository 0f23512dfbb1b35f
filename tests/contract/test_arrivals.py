"""Where mail that came in is safe, on both databases: nothing is lost, nothing is taken twice, every step is an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.inbound_desk import MAILBOX, MESSAGE, Office, evidence, office
from wardmail.inbound import recording
from wardmail.inbound.arrival import collected
from wardmail.model.arrival import ArrivalState, Judgement
from wardmail.model.inspection import Finding, Inspection, ScanOutcome, ScanReport, Severity
from wardmail.model.sender import AuthResult, DkimEvidence
from wardmail.model.verdict import Action, Verdict
from wardmail.store.chain import verify
from wardmail.store.connection import Database
from wardmail.store.messages import Messages
from wardmail.store.selectors import StoreSelectors


@pytest.fixture
def desk(database: Database) -> Iterator[Office]:
    with office(database) as opened:
        yield opened


def _judgement(action: Action = Action.ACCEPT) -> Judgement:
    finding = Finding("office-macro", Severity.DANGEROUS, 60, "letter.docm has a macro", "1.2")
    return Judgement(
        evidence(),
        Inspection((), ("https://a.example/",), (finding,)),
        (ScanReport("clamd", ScanOutcome.FOUND, ("Eicar",)),),
        Verdict(action, ("letter.docm has a macro",), ("1.2",)),
        5.0,
    )


async def _stored(desk: Office) -> str:
    arrived = collected(desk.world, MAILBOX, MESSAGE)
    await desk.arrivals.put([arrived])
    return arrived.arrival.id


async def test_it_comes_back_octet_by_octet(desk: Office) -> None:
    name = await _stored(desk)
    assert (await desk.arrivals.raw(name)).octets() == MESSAGE
    found = await desk.arrival(name)
    assert (found.source, found.integration, found.size) == ("results", "app", len(MESSAGE))
    assert found.state is ArrivalState.RECEIVED


async def test_a_judgement_is_kept_whole_and_sealed(desk: Office) -> None:
    name = await _stored(desk)
    judgement = _judgement(Action.STRIP)
    change = recording.judged(await desk.arrival(name), judgement, ArrivalState.HANDING_OVER, None)
    assert await desk.arrivals.change(change)
    assert await desk.arrivals.judgement(name) == judgement
    found = await desk.arrival(name)
    assert (found.state, found.action, found.findings) == (ArrivalState.HANDING_OVER, "strip", ("office-macro",))
    told = str([each.detail for each in Messages(desk.database).history(name)])
    assert "letter.docm" not in told, "the audit outlives the content"


async def test_a_step_is_made_once(desk: Office) -> None:
    name = await _stored(desk)
    change = recording.judged(await desk.arrival(name), _judgement(), ArrivalState.QUARANTINED, None)
    assert await desk.arrivals.change(change)
    assert not await desk.arrivals.change(change), "it is not waiting to be judged any more"
    assert [each.kind for each in Messages(desk.database).history(name)] == ["MailReceived", "MailJudged"]
    assert verify(desk.database).broken_at is None


async def test_a_lease_is_one_process_and_runs_out(desk: Office, database: Database) -> None:
    name = await _stored(desk)
    now, lease = desk.clock.now(), desk.world.settings.lease
    assert await desk.arrivals.lease(10, now, now + lease) == []
    desk.clock.at += lease + 1
    (taken,) = await desk.arrivals.lease(10, desk.clock.now(), desk.clock.now() + lease)
    assert (taken.id, taken.attempts) == (name, 1), "a lease that ran out is counted: its process may have died of it"
    assert await desk.arrivals.lease(10, desk.clock.now(), desk.clock.now() + lease) == []


async def test_a_restarted_process_takes_its_own_back(desk: Office) -> None:
    name = await _stored(desk)
    assert desk.arrivals.take_back_leases() == 1
    (taken,) = await desk.arrivals.lease(10, desk.clock.now(), desk.clock.now() + 60)
    assert taken.id == name


async def test_what_is_settled_is_due_for_nobody(desk: Office) -> None:
    name = await _stored(desk)
    await desk.arrivals.change(recording.handed_over(await desk.arrival(name), "250 ok"))
    desk.clock.at += 1e6
    assert await desk.arrivals.lease(10, desk.clock.now(), desk.clock.now() + 60) == []
    assert desk.arrivals.take_back_leases() == 0


async def test_a_mailbox_is_collected_from_by_one_process(desk: Office, database: Database) -> None:
    assert await desk.seen.claim("results", 100.0, 160.0)
    assert await desk.seen.claim("results", 110.0, 170.0), "its own claim is renewed"
    with office(database, "worker-9", desk.clock) as other:
        assert not await other.seen.claim("results", 120.0, 180.0)
        assert await other.seen.claim("results", 171.0, 200.0), "a claim that ran out is anybody's"


async def test_what_was_seen_is_not_collected_again_even_under_a_new_name(desk: Office) -> None:
    arrived = collected(desk.world, MAILBOX, MESSAGE)
    assert await desk.seen.unseen("results", ["1.1", "1.2"]) == ["1.1", "1.2"]
    assert await desk.seen.collect("results", "1.1", "digest", arrived)
    assert await desk.seen.unseen("results", ["1.1", "1.2"]) == ["1.2"]
    renamed = collected(desk.world, MAILBOX, MESSAGE)
    assert not await desk.seen.collect("results", "2.1", "digest", renamed), "UIDVALIDITY has changed"
    assert await desk.arrivals.load(renamed.arrival.id) is None
    assert not await desk.seen.collect("results", "1.1", "digest", renamed)


async def test_upstream_copies_go_only_with_the_receipt(desk: Office) -> None:
    arrived = collected(desk.world, MAILBOX, MESSAGE)
    await desk.seen.collect("results", "1.1", "digest", arrived)
    await desk.seen.collect("results", "2.1", "digest", collected(desk.world, MAILBOX, MESSAGE))
    assert await desk.seen.receipted("results", 10) == []
    await desk.arrivals.change(recording.handed_over(arrived.arrival, "250 ok"))
    assert await desk.seen.receipted("results", 10) == ["1.1", "2.1"]
    await desk.seen.settled("results", ["1.1", "2.1"], 5.0)
    assert await desk.seen.receipted("results", 10) == []


async def test_a_problem_is_told_once_and_kept_from_being_fetched_again(desk: Office) -> None:
    await desk.seen.claim("results", 0.0, 1.0)
    await desk.seen.note_problem("results", "1.9", "It has more than 50 MB.")
    await desk.seen.note_problem("results", "1.9", "It has more than 50 MB.")
    assert await desk.seen.unseen("results", ["1.9"]) == []
    told = [each for each in Messages(desk.database).audit(0, 100) if each.kind == "NotCollected"]
    assert len(told) == 1


async def test_a_cursor_moves_on_only_when_the_look_went_well(desk: Office) -> None:
    await desk.seen.claim("results", 0.0, 1.0)
    await desk.seen.looked("results", 1.0, "c1", "")
    await desk.seen.looked("results", 2.0, "c2", "It does not answer.")
    assert await desk.seen.cursor("results") == "c1"


async def test_what_was_quarantined_long_ago_is_overdue(desk: Office) -> None:
    name = await _stored(desk)
    change = recording.judged(await desk.arrival(name), _judgement(), ArrivalState.QUARANTINED, None)
    await desk.arrivals.change(replace(change))
    now = desk.clock.now()
    assert await desk.arrivals.overdue("app", now - 1, 10) == []
    assert [each.id for each in await desk.arrivals.overdue("app", now, 10)] == [name]


@pytest.mark.parametrize(("state", "kept"), [(ArrivalState.HANDING_OVER, ["s1"]), (ArrivalState.QUARANTINED, [])])
async def test_a_selector_is_known_by_mail_that_was_proved_and_taken(
    desk: Office, state: ArrivalState, kept: list[str]
) -> None:
    arrival, judgement = await desk.arrival(await _stored(desk)), _judgement()
    signatures = (
        DkimEvidence(AuthResult.PASS, "NHS.net", "S1", "@nhs.net", "2048-bit key"),
        DkimEvidence(AuthResult.FAIL, "nhs.net", "s2", "@nhs.net", "the body has been changed"),
        DkimEvidence(AuthResult.PASS, "nhs.net", "s/3", "@nhs.net", "no selector can be that"),
    )
    judgement = replace(judgement, sender=replace(judgement.sender, dkim=signatures))
    assert await desk.arrivals.change(recording.judged(arrival, judgement, state, None))
    assert list(StoreSelectors(desk.database).of("nhs.net", 10)) == kept
