"""Ceilings and counts that processes share are never passed: two real processes, crashes, both databases (SEND-3, SEND-4)."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from tests.messages import NoSpool, PlainBlinder, ReversingSealer, accepted
from wardmail.model.stored import Alike, Charge
from wardmail.model.traffic import Sighting
from wardmail.store.connection import Database
from wardmail.store.queue import StoreQueue
from wardmail.store.quota import SLICES, Quota, forget_old, used_of
from wardmail.store.schema import usage
from wardmail.store.sightings import Sightings, forget_old_sightings
from wardmail.store.writer import Writer

TAKER = """
import sys
from wardmail.edges.clock import SystemClock
from wardmail.model.stored import Charge
from wardmail.store.connection import Database
from wardmail.store.quota import Quota
database = Database(sys.argv[1], SystemClock())
quota, charge = Quota(database), Charge("account-recipients:shared", 1, int(sys.argv[2]), 86400)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    with database.write() as connection:
        taken = quota.take(connection, [charge], 1_000_000.0) is None
    if taken:
        print("taken", flush=True)
"""


def taker(database: Database, limit: int, tries: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", TAKER, database.url, str(limit), str(tries)]
    started = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def taken_by(process: subprocess.Popen[str]) -> int:
    output, _ = process.communicate(timeout=60)
    return output.count("taken")


def test_two_processes_cannot_exceed_a_shared_ceiling(database: Database) -> None:
    both = [taker(database, 100, 80) for _ in range(2)]
    for each in both:
        go(each)
    counts = [taken_by(each) for each in both]
    assert sum(counts) == 100
    assert all(count > 0 for count in counts)


def test_nor_when_one_of_them_is_killed_in_the_middle(database: Database) -> None:
    victim, other = taker(database, 60, 10_000), taker(database, 60, 200)
    go(victim)
    go(other)
    assert victim.stdout is not None
    seen = 0 if victim.stdout.readline() != "taken\n" else 1
    victim.kill()
    sent = seen + taken_by(victim) + taken_by(other)
    # What the dead one took and did not use is lost to the window: too few may go, never too many.
    assert 55 <= sent <= 60
    with database.read() as connection:
        assert used_of(connection, Charge("account-recipients:shared", 1, 60, 86400), 1_000_000.0).used == 60


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 4)), max_size=40), st.integers(1, 8))
def test_no_window_ever_holds_more_than_the_ceiling(
    database: Database, steps: list[tuple[float, int]], limit: int
) -> None:
    quota, now, used = Quota(database), 5_000.0, []
    with database.write() as connection:
        connection.execute(delete(usage))
        for wait, amount in steps:
            now += wait
            if quota.take(connection, [Charge("k", amount, limit, 60)], now) is None:
                used.append((now, amount))
            for start, _ in used:
                assert sum(amount for at, amount in used if start <= at < start + 60) <= limit


def test_what_is_forgotten_no_window_reaches(database: Database) -> None:
    quota, charge = Quota(database), Charge("k", 1, 5, 60)
    with database.write() as connection:
        quota.take(connection, [charge], 1000.0)
        forget_old(connection, 1000.0 + 60)
        assert used_of(connection, charge, 1000.0).used == 1
        forget_old(connection, 1000.0 + 3 * 60)
        assert used_of(connection, charge, 1000.0).used == 0
    assert SLICES > 1


# -- alike messages


def sighting(*people: int, keys: tuple[int, ...] = (1, 2, 3, 4), most: int = 3) -> Sighting:
    return Sighting("app", keys, tuple(random.Random(each).getrandbits(40) for each in people), most, 3600)


@pytest.fixture
def queue(database: Database) -> Iterator[StoreQueue]:
    writer = Writer(database)
    yield StoreQueue(database, writer, ReversingSealer(), NoSpool(), owner="worker-0", blinder=PlainBlinder())
    writer.close()


async def test_alike_messages_are_counted_across_processes_and_turned_back(
    queue: StoreQueue, database: Database
) -> None:
    writer = Writer(database)
    other = StoreQueue(database, writer, ReversingSealer(), NoSpool(), owner="worker-1", blinder=PlainBlinder())
    for n in range(3):
        message = replace(accepted(f"M{n}"), sighting=sighting(n))
        assert await (queue if n % 2 else other).put(message) is None
    assert await queue.put(replace(accepted("M3"), sighting=sighting(3))) == Alike(4, True)
    assert await queue.load("M3") is None
    assert await queue.put(replace(accepted("M4"), sighting=sighting(3, keys=(9, 8, 7, 6)))) is None
    assert await queue.put(replace(accepted("M5", received_at=100.0 + 3 * 3600), sighting=sighting(5))) is None
    writer.close()


async def test_one_key_in_common_is_enough(queue: StoreQueue) -> None:
    for n in range(3):
        await queue.put(replace(accepted(f"M{n}"), sighting=sighting(n, keys=(10 * n, 10 * n + 1, 7, 10 * n + 2))))
    assert isinstance(await queue.put(replace(accepted("M3"), sighting=sighting(3, keys=(91, 92, 7, 93)))), Alike)


async def test_mass_mail_is_kept_as_such(queue: StoreQueue) -> None:
    await queue.put(replace(accepted("M1"), bulk=True))
    await queue.put(accepted("M2"))
    found = {each.message_id: each.bulk for each in await queue.lease("relay", 10, now=200, until=300)}
    assert found == {"M1": True, "M2": False}
    loaded = await queue.load("M1")
    assert loaded is not None
    assert loaded[0].bulk


def test_the_count_is_near_the_truth(database: Database) -> None:
    sightings = Sightings(database)
    with database.write() as connection:
        for n in range(400):
            (found,) = sightings.see(connection, [(sighting(n, keys=(5,), most=250), 1000.0)])
            assert (found is None) or n > 225
            assert found is not None or n < 275
        forget_old_sightings(connection, 1000.0 + 10 * 3600)
        assert sightings.see(connection, [(sighting(1, keys=(5,), most=250), 1000.0)]) == [None]
