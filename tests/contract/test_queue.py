"""The durable queue keeps its promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from tests.messages import HEAD, NoSpool, PlainBlinder, ReversingSealer, accepted
from wardmail.model.consignment import AttemptResult
from wardmail.model.delivery import AttemptTls, Deferred, HandedOn, PeerReply, RecipientState
from wardmail.model.message import SentAgain
from wardmail.model.refusal import Unavailable
from wardmail.model.route import TlsLevel
from wardmail.model.stored import Charge, Full, RecipientUpdate
from wardmail.store.chain import GENESIS, hash_at, verify
from wardmail.store.connection import Database
from wardmail.store.queue import StoreQueue
from wardmail.store.schema import content, event, message, recipient
from wardmail.store.writer import Writer

TLS = AttemptTls(TlsLevel.VERIFIED, TlsLevel.VERIFIED, "TLSv1.3", "TLS_AES_256_GCM_SHA384", "verified")


@pytest.fixture
def queue(database: Database) -> Iterator[StoreQueue]:
    writer = Writer(database)
    yield StoreQueue(database, writer, ReversingSealer(), NoSpool(), owner="worker-0", blinder=PlainBlinder())
    writer.close()


def other_process(database: Database, writer: Writer) -> StoreQueue:
    return StoreQueue(database, writer, ReversingSealer(), NoSpool(), owner="worker-1", blinder=PlainBlinder())


def handed_on(message_id: str, n: int) -> RecipientUpdate:
    outcome = HandedOn(PeerReply(250, "2.0.0", "queued as X"))
    return RecipientUpdate(message_id, n, RecipientState.RELAYED, 1, None, AttemptResult(n, outcome, TLS, "relay", 0.1))


async def test_what_was_put_comes_back_whole(queue: StoreQueue) -> None:
    assert await queue.put(accepted(to=("a@nhs.net", "b@nhs.net"))) is None
    (consignment,) = await queue.lease("relay", 10, now=200, until=300)
    assert [str(r.address) for r in consignment.recipients] == ["a@nhs.net", "b@nhs.net"]
    assert consignment.recipients[0].notify == {"FAILURE"}
    assert consignment.recipients[0].orcpt == "rfc822;x"
    assert consignment.head == HEAD
    assert b"".join(consignment.body.chunks()) == b"Hello\r\n"
    assert (consignment.ret, consignment.envid, consignment.eight_bit) == ("HDRS", "e1", True)
    assert consignment.tls is TlsLevel.VERIFIED
    assert str(consignment.sender) == "app@trust.example"


async def test_what_is_sent_again_is_told_in_both_histories_or_in_none(queue: StoreQueue, database: Database) -> None:
    await queue.put(accepted("M1"))
    again = replace(accepted("M2"), again=SentAgain("M1", "alice", "it was lost"))
    full = Charge("messages:app", 2, 1, 60)
    assert await queue.put(replace(again, charges=(full,))) is not None
    assert await queue.put(again) is None
    with database.read() as connection:
        query = (
            select(event.c.message_id, event.c.actor).where(event.c.kind == "MessageSentAgain").order_by(event.c.seq)
        )
        assert [tuple(row) for row in connection.execute(query)] == [("M1", "alice"), ("M2", "alice")]
    assert verify(database).broken_at is None


async def test_content_is_sealed_in_the_rows(queue: StoreQueue, database: Database) -> None:
    await queue.put(accepted(body=b"planted-secret-in-body\r\n"))
    with database.read() as connection:
        row = connection.execute(select(content.c.head, content.c.body)).one()
    assert b"planted-secret-in-body" not in bytes(row.body)
    assert b"Subject" not in bytes(row.head)


async def test_a_leased_row_is_nobody_elses_until_the_lease_runs_out(queue: StoreQueue, database: Database) -> None:
    writer = Writer(database)
    other = other_process(database, writer)
    await queue.put(accepted())
    assert len(await queue.lease("relay", 10, now=200, until=300)) == 1
    assert len(await other.lease("relay", 10, now=250, until=350)) == 0
    assert len(await other.lease("relay", 10, now=301, until=400)) == 1
    writer.close()


async def test_a_row_handed_over_in_memory_waits_for_its_lease(queue: StoreQueue) -> None:
    await queue.put(accepted(lease_owner="worker-0", due_at=500.0))
    assert len(await queue.lease("relay", 10, now=499, until=600)) == 0
    assert len(await queue.lease("relay", 10, now=500, until=600)) == 1


async def test_a_restarted_process_takes_its_leases_back_at_once(queue: StoreQueue) -> None:
    await queue.put(accepted(lease_owner="worker-0", due_at=1e12))
    assert queue.take_back_leases() == 1
    assert len(await queue.lease("relay", 10, now=1e11, until=2e11)) == 1


async def test_a_released_lease_can_be_taken_again(queue: StoreQueue) -> None:
    await queue.put(accepted())
    taken = await queue.lease("relay", 10, now=200, until=300)
    await queue.release(taken, due_at=210)
    assert len(await queue.lease("relay", 10, now=211, until=300)) == 1


async def test_many_leases_are_released_and_renewed_together(queue: StoreQueue) -> None:
    for n in range(3):
        await queue.put(accepted(f"M{n}", to=("a@nhs.net", "b@nhs.net")))
    taken = await queue.lease("relay", 10, now=200, until=300)
    await queue.renew(taken, 400)
    assert await queue.lease("relay", 10, now=399, until=500) == ()
    await queue.release(taken, due_at=210)
    again = await queue.lease("relay", 10, now=211, until=300)
    assert sum(len(each.recipients) for each in again) == 6


async def test_only_rows_of_the_route_are_leased_oldest_first(queue: StoreQueue) -> None:
    await queue.put(accepted("M2", due_at=150))
    await queue.put(accepted("M1", due_at=120))
    assert await queue.lease("elsewhere", 10, now=200, until=300) == ()
    (first,) = await queue.lease("relay", 1, now=200, until=300)
    assert first.message_id == "M1"


async def test_a_final_outcome_is_not_due_again(queue: StoreQueue, database: Database) -> None:
    await queue.put(accepted())
    await queue.lease("relay", 10, now=200, until=300)
    await queue.record([handed_on("M1", 0)])
    assert await queue.lease("relay", 10, now=1e12, until=2e12) == ()
    with database.read() as connection:
        row = connection.execute(select(recipient)).one()
    assert (row.state, row.last_reply, row.due_at, row.lease_owner) == ("relayed", "250 2.0.0 queued as X", None, None)


async def test_a_deferred_recipient_is_due_at_its_time(queue: StoreQueue) -> None:
    await queue.put(accepted())
    await queue.lease("relay", 10, now=200, until=300)
    result = AttemptResult(0, Deferred("busy", PeerReply(451, "4.3.0", "busy")), TLS)
    await queue.record([RecipientUpdate("M1", 0, RecipientState.DEFERRED, 1, 900.0, result)])
    assert await queue.lease("relay", 10, now=899, until=999) == ()
    (again,) = await queue.lease("relay", 10, now=900, until=999)
    assert again.recipients[0].attempts == 1


async def test_a_cancelled_recipient_stays_cancelled_when_a_late_outcome_arrives(
    queue: StoreQueue, database: Database
) -> None:
    await queue.put(accepted())
    await queue.record([RecipientUpdate("M1", 0, RecipientState.CANCELLED, 0, None, why="by hand")])
    await queue.record([handed_on("M1", 0)])
    with database.read() as connection:
        assert connection.execute(select(recipient.c.state)).scalar_one() == "cancelled"


async def test_a_report_is_stored_in_the_same_transaction(queue: StoreQueue, database: Database) -> None:
    await queue.put(accepted())
    await queue.record([handed_on("M1", 0)], [accepted("R1")])
    with database.read() as connection:
        assert set(connection.execute(select(message.c.id)).scalars()) == {"M1", "R1"}


async def test_a_message_stored_twice_spoils_only_itself(queue: StoreQueue, database: Database) -> None:
    await queue.put(accepted("M1"))
    results = await asyncio.gather(
        queue.put(accepted("M2")), queue.put(accepted("M1")), queue.put(accepted("M3")), return_exceptions=True
    )
    assert isinstance(results[1], Unavailable)
    assert results[0] is None
    assert results[2] is None
    with database.read() as connection:
        assert set(connection.execute(select(message.c.id)).scalars()) == {"M1", "M2", "M3"}


async def test_every_change_is_an_event_and_the_chain_holds(queue: StoreQueue, database: Database) -> None:
    await asyncio.gather(*(queue.put(accepted(f"M{n}")) for n in range(40)))
    await queue.record([handed_on("M7", 0)])
    report = verify(database)
    assert report.events == 41
    assert report.broken_at is None


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE event SET detail = '{}' WHERE seq = 3",
        "UPDATE event SET actor = 'nobody' WHERE seq = 3",
        "DELETE FROM event WHERE seq = 3",
    ],
)
async def test_a_tampered_event_is_named(queue: StoreQueue, database: Database, tamper: str) -> None:
    for n in range(5):
        await queue.put(accepted(f"M{n}"))
    with database.write() as connection:
        connection.execute(text(tamper))
    assert verify(database).broken_at == 3


async def test_a_chain_cut_short_is_noticed(queue: StoreQueue, database: Database) -> None:
    for n in range(5):
        await queue.put(accepted(f"M{n}"))
    with database.write() as connection:
        connection.execute(event.delete().where(event.c.seq == 5))
    assert verify(database).broken_at == 5


async def test_a_ceiling_is_exact_across_processes(queue: StoreQueue, database: Database) -> None:
    writer = Writer(database)
    other = other_process(database, writer)
    charge = (Charge("messages:demo", 1, 10, 60),)
    puts = [(queue if n % 2 else other).put(accepted(f"M{n}", charges=charge, received_at=1000.0)) for n in range(30)]
    results = await asyncio.gather(*puts)
    assert results.count(None) == 10
    assert all(1000.0 < full.until <= 1065.0 for full in results if isinstance(full, Full))
    with database.read() as connection:
        assert len(connection.execute(select(message.c.id)).all()) == 10
    writer.close()


async def test_a_ceiling_opens_again_when_the_window_has_passed(queue: StoreQueue) -> None:
    charge = [Charge("route:relay", 5, 5, 60)]
    assert await queue.take(charge, now=1000.0) is None
    later = await queue.take(charge, now=1001.0)
    assert later is not None
    assert await queue.take(charge, now=later) is None


async def test_late_recipients_are_found_once(queue: StoreQueue) -> None:
    await queue.put(accepted("OLD", expires_at=500.0))
    await queue.put(accepted("SLOW", notice_at=400.0))
    await queue.put(accepted("FINE", notice_at=4000.0))
    late = await queue.late(now=600.0, limit=10)
    assert {(each.message_id, each.expired) for each in late} == {("OLD", True), ("SLOW", False)}
    await queue.notice_given([each for each in late if not each.expired])
    assert [each.message_id for each in await queue.late(now=600.0, limit=10)] == ["OLD"]


async def test_a_store_that_is_gone_is_unavailable_and_keeps_nothing(queue: StoreQueue, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("DROP TABLE content"))
    with pytest.raises(Unavailable):
        await queue.put(accepted())
    with database.read() as connection:
        assert connection.execute(select(message.c.id)).all() == []


async def test_a_chain_written_anew_differs_from_the_head_that_was_kept(queue: StoreQueue, database: Database) -> None:
    for n in range(3):
        await queue.put(accepted(f"M{n}"))
    kept = verify(database)
    with database.write() as connection:
        connection.execute(event.delete())
        connection.execute(text("UPDATE chain_head SET seq = 0, hash = :genesis"), {"genesis": GENESIS})
    for n in range(3, 6):
        await queue.put(accepted(f"M{n}"))
    assert verify(database).broken_at is None
    assert hash_at(database, kept.events) != kept.head
    assert hash_at(database, 99) is None
