"""Quarantine: two people, a scan at the end, nothing for malware, and an end by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import fresh_sqlite
from tests.inbound_desk import MAILBOX, MESSAGE, Office, office, silent
from wardmail.inbound import recording
from wardmail.inbound.arrival import collected
from wardmail.inbound.pulling import NotPossible, PullDesk
from wardmail.inbound.quarantine import NotReleased, Proposed, Quarantine, Released
from wardmail.model.arrival import ArrivalChange, ArrivalState
from wardmail.model.handover import Handover, Parcel
from wardmail.model.inspection import ScanOutcome, ScanReport
from wardmail.model.retention import A_DAY
from wardmail.model.verdict import Action
from wardmail.store.arrivals import StoreArrivals
from wardmail.store.messages import Messages


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with fresh_sqlite(tmp_path) as database, office(database) as opened:
        yield opened


async def quarantined(desk: Office, action: Action = Action.QUARANTINE) -> str:
    desk.judges.action = action
    arrived = collected(desk.world, MAILBOX, MESSAGE)
    await desk.arrivals.put([arrived])
    desk.workers.begin_arrived(arrived)
    await desk.settle()
    desk.workers._is_draining = False
    return arrived.arrival.id


async def test_one_person_is_not_enough_and_two_are(desk: Office) -> None:
    name, quarantine = await quarantined(desk), Quarantine(desk.world)
    assert await quarantine.release(name, "ann", "I know it") == Proposed("ann")
    assert await quarantine.release(name, "ann", "really") == Proposed("ann"), "the same person is one person"
    assert await desk.state(name) is ArrivalState.QUARANTINED
    assert await quarantine.release(name, "bob", "so do I") == Released("ann", "bob")
    await desk.workers.sweep()
    await desk.settle()
    assert await desk.state(name) is ArrivalState.HANDED_OVER
    (parcel,) = desk.judges.taken
    assert b"Wardmail-Verdict: warn" in parcel.message
    events = [(each.kind, each.actor) for each in Messages(desk.database).history(name)]
    assert ("QuarantineReleaseProposed", "ann") in events
    assert ("QuarantineReleased", "bob") in events
    assert [kind for kind, _ in events].count("QuarantineReleaseProposed") == 1


@pytest.mark.parametrize(
    "scan", [ScanReport("clamd", ScanOutcome.FOUND, ("Eicar",)), ScanReport("clamd", ScanOutcome.UNKNOWN)]
)
async def test_it_is_scanned_again_and_malware_stays(desk: Office, scan: ScanReport) -> None:
    name, quarantine = await quarantined(desk), Quarantine(desk.world)
    await quarantine.release(name, "ann", "I know it")
    desk.judges.scan = scan
    barred = await quarantine.release(name, "bob", "so do I")
    assert isinstance(barred, NotReleased)
    assert "clamd" in barred.reason
    arrival = await desk.arrival(name)
    assert (arrival.state, arrival.proposed_by) == (ArrivalState.QUARANTINED, ""), "the proposal is spent"
    assert desk.judges.taken == []


async def test_what_cannot_be_stripped_is_not_released_into_nowhere(desk: Office) -> None:
    desk.judges.strip = ("1",)
    name, quarantine = await quarantined(desk, Action.STRIP), Quarantine(desk.world)
    assert await desk.state(name) is ArrivalState.QUARANTINED
    await quarantine.release(name, "ann", "I know it")
    barred = await quarantine.release(name, "bob", "so do I")
    assert isinstance(barred, NotReleased)
    assert "nothing but what would have to be taken out" in barred.reason
    assert await desk.state(name) is ArrivalState.QUARANTINED


async def test_spam_is_for_people_to_judge(desk: Office) -> None:
    name, quarantine = await quarantined(desk), Quarantine(desk.world)
    desk.judges.scan = ScanReport("spamassassin", ScanOutcome.FOUND, ("BAYES",), 9.0, 5.0)
    await quarantine.release(name, "ann", "not spam")
    assert isinstance(await quarantine.release(name, "bob", "no"), Released)


async def test_nothing_is_released_that_nobody_could_look_into(desk: Office) -> None:
    name, quarantine = await quarantined(desk), Quarantine(desk.world)
    await quarantine.release(name, "ann", "I know it")
    desk.judges.inspection = silent("the inspection")
    assert isinstance(await quarantine.release(name, "bob", "so do I"), NotReleased)
    assert await desk.state(name) is ArrivalState.QUARANTINED


async def test_what_is_not_there_cannot_be_released(desk: Office) -> None:
    assert isinstance(await Quarantine(desk.world).release("nothing", "ann", ""), NotReleased)
    name = await quarantined(desk, Action.ACCEPT)
    assert isinstance(await Quarantine(desk.world).release(name, "ann", ""), NotReleased)


async def test_a_person_deletes_and_the_clock_ends(desk: Office) -> None:
    desk.register.has(handover=Handover("app", quarantine_days=5))
    first, second = await quarantined(desk), await quarantined(desk)
    quarantine = Quarantine(desk.world)
    assert await quarantine.delete(first, "ann", "spam")
    assert not await quarantine.delete(first, "bob", "spam")
    desk.clock.at += 4 * A_DAY
    assert await quarantine.expire() == 0
    desk.clock.at += 2 * A_DAY
    assert await quarantine.expire() == 1
    assert [await desk.state(first), await desk.state(second)] == [ArrivalState.DELETED, ArrivalState.EXPIRED]


async def test_an_application_collects_acknowledges_and_rejects_its_own_only(desk: Office) -> None:
    desk.register.has(handover=Handover("app"))
    name, pull = await quarantined(desk, Action.ACCEPT), PullDesk(desk.world)
    assert isinstance(await pull.fetch(name, "other", "other"), NotPossible)
    parcel = await pull.fetch(name, "app", "app")
    assert isinstance(parcel, Parcel)
    assert parcel.message.endswith(MESSAGE)
    assert isinstance(await pull.acknowledge(name, "other", "other"), NotPossible)
    assert await pull.acknowledge(name, "app", "app") is None
    assert await pull.acknowledge(name, "app", "app") is None, "said twice it counts once"
    assert isinstance(await pull.reject(name, "app", "app", "no"), NotPossible)
    assert await pull.replay(name, "ann", "lost") is None
    assert await pull.reject(name, "app", "app", "not ours") is None
    assert await desk.state(name) is ArrivalState.REJECTED
    kinds = [each.kind for each in Messages(desk.database).history(name)]
    assert kinds.count("MailFetched") == 1, "who read it is in the audit"
    assert kinds.count("MailAcknowledged") == 1


async def test_what_is_in_quarantine_is_not_fetched(desk: Office) -> None:
    name = await quarantined(desk)
    assert isinstance(await PullDesk(desk.world).fetch(name, "app", "app"), NotPossible)


async def test_what_is_not_in_the_audit_is_not_given_out(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.register.has(handover=Handover("app"))
    name = await quarantined(desk, Action.ACCEPT)

    async def changed_meanwhile(self: StoreArrivals, change: ArrivalChange) -> bool:
        return False

    monkeypatch.setattr(StoreArrivals, "change", changed_meanwhile)
    assert isinstance(await PullDesk(desk.world).fetch(name, "app", "app"), NotPossible)


async def test_a_dead_letter_is_redriven(desk: Office) -> None:
    name = await quarantined(desk, Action.ACCEPT)
    arrival = await desk.arrival(name)
    assert isinstance(await PullDesk(desk.world).redrive(name, "ann", "mended"), NotPossible)
    handing = replace(arrival, state=ArrivalState.HANDING_OVER)
    await PullDesk(desk.world).replay(name, "ann", "again")
    assert await desk.arrivals.change(recording.given_up(handing, "it is gone"))
    assert await PullDesk(desk.world).redrive(name, "ann", "mended") is None
    await desk.workers.sweep()
    await desk.settle()
    assert await desk.state(name) is ArrivalState.HANDED_OVER
