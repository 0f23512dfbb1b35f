"""A process that dies at any point between arrival and receipt: another goes on from what is stored, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.databases import fresh_sqlite
from tests.inbound_desk import MAILBOX, MESSAGE, Office, SettableClock, office
from tests.mailbox_double import ListedMailbox
from wardmail.inbound import collecting, working
from wardmail.inbound.arrival import collected
from wardmail.inbound.collecting import Collecting, MailboxRound
from wardmail.inbound.walk import judge, step
from wardmail.inbound.working import Workers
from wardmail.model.arrival import ArrivalState
from wardmail.model.refusal import Unavailable
from wardmail.model.verdict import Action
from wardmail.store.connection import Database
from wardmail.store.inbox import Inbox
from wardmail.store.schema_of_inbound import mailbox as mailbox_rows


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_sqlite(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def life(database: Database, clock: SettableClock) -> AsyncIterator[Office]:
    """One process of the same name; its end is a death: nothing is given back."""
    with office(database, clock=clock) as opened:
        yield opened
        for task in opened.workers._in_hand.values():
            task.cancel()
        await asyncio.sleep(0)


async def reborn(desk: Office) -> None:
    desk.arrivals.take_back_leases()
    await desk.workers.sweep()
    await desk.settle()


@pytest.mark.parametrize("point", ["stored", "judged", "handed over"])
async def test_the_next_life_goes_on(database: Database, point: str) -> None:
    clock = SettableClock()
    async with life(database, clock) as desk:
        arrived = collected(desk.world, MAILBOX, MESSAGE)
        await desk.arrivals.put([arrived])
        if point != "stored":
            await judge(desk.world, arrived.arrival, MESSAGE)
        if point == "handed over":
            judgement = await desk.arrivals.judgement(arrived.arrival.id)
            assert judgement is not None
            await desk.world.courier.hand_over(None, None)  # type: ignore[arg-type] # taken, and never written down
    async with life(database, clock) as desk:
        await reborn(desk)
        name = arrived.arrival.id
        assert await desk.state(name) is ArrivalState.HANDED_OVER
        (parcel,) = desk.judges.taken
        assert (parcel.id, parcel.attempts > 0) == (name, point != "stored"), "it may have been given before"


async def test_what_another_process_has_judged_meanwhile_is_not_handed_over(database: Database) -> None:
    clock = SettableClock()
    async with life(database, clock) as desk:
        arrived = collected(desk.world, MAILBOX, MESSAGE)
        await desk.arrivals.put([arrived])
        with office(database, "worker-1", clock) as other:
            other.judges.action = Action.QUARANTINE
            await judge(other.world, arrived.arrival, MESSAGE)
        assert await step(desk.world, arrived.arrival, arrived.raw) is ArrivalState.RECEIVED
        assert desk.judges.taken == [], "it would have been accepted here, but was set aside there"
        assert await desk.state(arrived.arrival.id) is ArrivalState.QUARANTINED


async def test_leases_are_renewed_while_there_is_no_room_for_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "AT_ONCE", 1)
    clock = SettableClock()
    async with life(database, clock) as desk:
        arrived = collected(desk.world, MAILBOX, MESSAGE)
        await desk.arrivals.put([arrived])
        desk.arrivals.take_back_leases()
        stuck, workers = asyncio.Event(), Workers(desk.world, every=0.01)
        desk.judges.waits_for = stuck
        running = asyncio.create_task(workers.run())
        async with asyncio.timeout(10):
            while not workers.in_hand:
                await asyncio.sleep(0.01)
            clock.at += desk.world.settings.lease / 2
            while (await desk.arrival(arrived.arrival.id)).due_at != clock.at + desk.world.settings.lease:
                await asyncio.sleep(0.01)
        stuck.set()
        running.cancel()
        await workers.drain(10)
        assert await desk.state(arrived.arrival.id) is ArrivalState.HANDED_OVER


async def test_another_process_waits_for_the_lease(database: Database) -> None:
    clock = SettableClock()
    async with life(database, clock) as desk:
        arrived = collected(desk.world, MAILBOX, MESSAGE)
        await desk.arrivals.put([arrived])
    with office(database, "worker-1", clock) as other:
        assert not await other.workers.sweep()
        assert other.judges.taken == []
        clock.at += other.world.settings.lease + 1
        await other.workers.sweep()
        await other.settle()
        assert await other.state(arrived.arrival.id) is ArrivalState.HANDED_OVER


async def test_what_kills_its_process_again_and_again_is_set_aside(database: Database) -> None:
    clock = SettableClock()
    async with life(database, clock) as desk:
        arrived = collected(desk.world, MAILBOX, MESSAGE)
        await desk.arrivals.put([arrived])
    for _ in range(70):
        with office(database, clock=clock) as desk:
            desk.arrivals.take_back_leases()
            await desk.arrivals.lease(1, clock.now(), clock.now() + 600)
    async with life(database, clock) as desk:
        await reborn(desk)
        assert await desk.state(arrived.arrival.id) is ArrivalState.QUARANTINED


@pytest.mark.parametrize("dies_after", ["fetch", "store", "receipt", "settle"])
async def test_collecting_dies_anywhere_and_every_message_comes_once(database: Database, dies_after: str) -> None:
    clock, mailbox = SettableClock(), ListedMailbox({"1.1": MESSAGE, "1.2": MESSAGE + b"two\r\n"})
    async with life(database, clock) as desk:
        mailbox.dies_after = dies_after
        round_ = MailboxRound(desk.world, desk.seen, desk.workers, MAILBOX, mailbox)
        with pytest.raises(Unavailable):
            await round_.claim()
            await round_.collect()
            await desk.settle()
            await round_.collect()
            raise Unavailable("the rest", "it died later")
    mailbox.dies_after = ""
    taken = []
    async with life(database, clock) as desk:
        await reborn(desk)
        desk.workers._is_draining = False
        round_ = MailboxRound(desk.world, desk.seen, desk.workers, MAILBOX, mailbox)
        await round_.claim()
        await round_.collect()
        await desk.settle()
        await round_.settle()
        taken = [parcel.id for parcel in desk.judges.taken]
    assert len(set(taken)) == len(taken)
    assert mailbox.kept == {}, "both receipts have come, so both copies are gone"
    (day,) = Inbox(database).days("results", collected=True, since=0.0)
    assert (day.came, day.receipted, day.unaccounted) == (2, 2, 0)


async def test_a_mailbox_that_renames_everything_changes_nothing(database: Database) -> None:
    clock, mailbox = SettableClock(), ListedMailbox({"1.1": MESSAGE})
    async with life(database, clock) as desk:
        desk.judges.handover = Unavailable("the application", "a test")
        round_ = MailboxRound(desk.world, desk.seen, desk.workers, MAILBOX, mailbox)
        assert await round_.collect() == 1
        mailbox.kept = {"2.1": MESSAGE}
        assert await round_.collect() == 0, "UIDVALIDITY has changed, the message has not"
        await desk.settle()


async def test_what_cannot_be_fetched_keeps_nobody_else_waiting(database: Database) -> None:
    clock, mailbox = SettableClock(), ListedMailbox({"1.1": MESSAGE, "1.2": MESSAGE + b"two\r\n"})
    mailbox.stubborn = "1.1"
    async with life(database, clock) as desk:
        round_ = MailboxRound(desk.world, desk.seen, desk.workers, MAILBOX, mailbox)
        for _ in range(4):
            with pytest.raises(Unavailable):
                await round_.collect()
        assert await round_.collect() == 1
        await desk.settle()
        assert await desk.seen.unseen("results", ["1.1", "1.2"]) == []
        assert await desk.seen.forget_problem("results", "1.1")
        assert await desk.seen.unseen("results", ["1.1", "1.2"]) == ["1.1"]


async def followed(desk: Office, mailbox: ListedMailbox, until: Callable[[], Awaitable[bool]]) -> None:
    rounds = Collecting(desk.world, desk.seen, desk.workers, lambda source: mailbox, every=0.01)
    running = asyncio.create_task(rounds.run())
    try:
        async with asyncio.timeout(10):
            while not await until():
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await desk.settle()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "SHORTEST_WAIT", 0.0)


@pytest.mark.usefixtures("hasty")
async def test_a_mailbox_that_is_opened_anew_after_each_failure_keeps_nobody_waiting_either(database: Database) -> None:
    clock, mailbox = SettableClock(), ListedMailbox({"1.1": MESSAGE, "1.2": MESSAGE + b"two\r\n"}, stubborn="1.1")
    async with life(database, clock) as desk:

        async def all_known() -> bool:
            return await desk.seen.unseen("results", ["1.1", "1.2"]) == []

        await followed(desk, mailbox, all_known)
        assert mailbox.fetched.count("1.1") == collecting.MOST_TRIES
        assert len(desk.judges.taken) == 1


@pytest.mark.usefixtures("hasty")
async def test_a_service_that_lets_nothing_be_moved_keeps_nothing_back(database: Database) -> None:
    clock, mailbox = SettableClock(), ListedMailbox({"1.1": MESSAGE}, dies_after="receipt")
    async with life(database, clock) as desk:

        async def receipted() -> bool:
            return bool(await desk.seen.receipted("results", 9))

        async def second_known() -> bool:
            return await desk.seen.unseen("results", ["1.2"]) == []

        await followed(desk, mailbox, receipted)
        desk.workers._is_draining = False
        mailbox.kept["1.2"] = MESSAGE + b"two\r\n"
        await followed(desk, mailbox, second_known)
        assert len(desk.judges.taken) == 2


@pytest.mark.usefixtures("hasty")
async def test_collecting_that_breaks_says_so_where_people_look(database: Database) -> None:
    clock, mailbox = SettableClock(), ListedMailbox({})
    mailbox.kept = None  # type: ignore[assignment] # so that looking raises what nobody foresaw
    async with life(database, clock) as desk:

        async def noted() -> bool:
            with database.read() as connection:
                problem = connection.execute(select(mailbox_rows.c.problem)).scalar_one_or_none()
            return problem is not None and "it broke (TypeError)" in problem

        await followed(desk, mailbox, noted)
        assert await noted()


async def test_what_is_too_large_is_for_a_person_and_stays_upstream(database: Database) -> None:
    clock, mailbox = SettableClock(), ListedMailbox({"1.1": b"x" * 2000})
    mailbox.largest = 1000
    async with life(database, clock) as desk:
        round_ = MailboxRound(desk.world, desk.seen, desk.workers, MAILBOX, mailbox)
        assert await round_.collect() == 0
        assert await round_.collect() == 0
        assert mailbox.fetched == ["1.1"], "it is not fetched again and again"
        assert list(mailbox.kept) == ["1.1"]
