"""Processes are killed at random under load: what was answered 250 is delivered, and hardly anything twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.databases import fresh_postgresql
from tests.journeys.gateway import Gateway, make_gateway, relay_to, running
from tests.journeys.peers.ground import Authority, wait_until
from tests.journeys.peers.sink import Sink, running_sink

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

ROUNDS = int(os.environ.get("WARDMAIL_CRASH_ROUNDS", "5"))
"""Kills; each comes one to four seconds after the gateway is whole again."""

CLIENTS = 12

WINDOW = 2.0
"""Seconds before a kill in which the sink may have taken what the gateway had not yet written down."""

WIRE = 1.0
"""Seconds after a kill in which the sink may still take what a dead process had put on the wire."""

AMBIGUOUS = 200
"""Messages that one kill may double: what is on the wire (8 connections a worker) and what waits for its commit."""


class Applications:
    """Several clients that hand in numbered messages, one after another, whatever happens to the gateway."""

    def __init__(self, gateway: Gateway, count: int) -> None:
        self._gateway = gateway
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(place,)) for place in range(count)]
        self.acknowledged: list[str] = []
        self.permanent: list[str] = []

    def __enter__(self) -> Applications:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(40)

    def _work(self, place: int) -> None:
        numbers = (f"{place}-{number}" for number in range(10**9))
        while not self._done.is_set():
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client = self._gateway.connect(timeout=20)
                with contextlib.closing(client):
                    self._send(client, numbers)
            time.sleep(0.02)

    def _send(self, client: smtplib.SMTP, numbers: Iterator[str]) -> None:
        for number in numbers:
            if self._done.is_set():
                return
            client.mail("billing@trust.example")
            client.rcpt("user@dest.example")
            code, reply = client.data(_message(number))
            if code == 250:
                self.acknowledged.append(number)
            elif code >= 500:
                self.permanent.append(f"{number}: {reply.decode()}")


def _message(number: str) -> bytes:
    text = "A line of a letter that is long enough to be one.\r\n" * 40
    return (
        f"From: billing@trust.example\r\nTo: user@dest.example\r\nSubject: {number}\r\n"
        f"Message-ID: <{number}@trust.example>\r\n\r\n{text}"
    ).encode()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
    else:
        with fresh_postgresql(request.getfixturevalue("postgres_server")) as database:
            yield database.url


@pytest.fixture
def relayed(tmp_path: Path, database_url: str) -> Iterator[tuple[Gateway, Sink]]:
    authority = Authority(tmp_path)
    with running_sink(tmp_path, authority.issue("sink.localhost", "localhost")) as sink:
        gateway = make_gateway(tmp_path, authority, database=database_url, settings={"log.level": "warning"})
        relay_to(gateway, sink.port)
        gateway.do("domain", "rotate", "trust.example", "--algorithm", "ed25519-sha256")
        with running(gateway):
            yield gateway, sink


def _whole_again(gateway: Gateway) -> bool:
    return len(gateway.workers) == gateway.started_with and gateway.is_up()


def _kill_something(gateway: Gateway, chance: random.Random, turn: int) -> float:
    """One worker, or (each third time) all processes at once. The moment just after they are dead."""
    if turn % 3 == 2:
        gateway.kill()
        killed = time.time()
        gateway.start()
        return killed
    os.kill(chance.choice(gateway.workers), signal.SIGKILL)
    return time.time()


def _has_more(sink: Sink, seen: int) -> bool:
    return len(sink.taken()) > seen


def _torment(gateway: Gateway, sink: Sink) -> list[float]:
    chance = random.Random()
    kills = []
    for turn in range(ROUNDS):
        wait_until(lambda: _whole_again(gateway), "all workers", 30)
        seen = len(sink.taken())
        time.sleep(chance.uniform(1, 4))
        wait_until(partial(_has_more, sink, seen), "mail to flow", 30)
        kills.append(_kill_something(gateway, chance, turn))
    return kills


def test_what_was_acknowledged_arrives_whatever_is_killed(relayed: tuple[Gateway, Sink]) -> None:
    gateway, sink = relayed
    with Applications(gateway, CLIENTS) as applications:
        kills = _torment(gateway, sink)
        time.sleep(1)
    wait_until(lambda: _whole_again(gateway), "all workers", 30)
    gateway.wait_until_empty(120)
    taken, acknowledged = sink.taken(), applications.acknowledged
    arrivals = Counter(each.number for each in taken)
    assert len(acknowledged) > 100 * ROUNDS
    assert not applications.permanent
    assert [number for number in acknowledged if number not in arrivals] == []
    first = {each.number: each.at for each in reversed(taken)}
    doubled = [number for number, times in arrivals.items() if times > 1]
    before_kill = {number: min((killed - first[number] for killed in kills), key=abs) for number in doubled}
    unexplained = {number: gap for number, gap in before_kill.items() if not -WIRE <= gap <= WINDOW}
    print(f"{len(acknowledged)} acknowledged, {len(taken)} taken, {len(doubled)} doubled, {len(kills)} kills")
    print("doubled ones were first taken", sorted(f"{gap:.3f}" for gap in before_kill.values()), "s before a kill")
    assert unexplained == {}
    assert sum(arrivals[number] - 1 for number in doubled) <= AMBIGUOUS * len(kills)
    (verdict,) = gateway.ask("audit", "verify")
    assert verdict["ok"], verdict


@pytest.mark.parametrize("database_url", [""], ids=["sqlite"])
def test_workers_do_not_outlive_their_supervisor(relayed: tuple[Gateway, Sink]) -> None:
    """Two workers of one name would both take back the same leases, and send the same mail."""
    gateway, _ = relayed
    orphans = gateway.workers
    assert gateway.process is not None
    os.kill(gateway.process.pid, signal.SIGKILL)
    wait_until(lambda: not any(_is_alive(pid) for pid in orphans), "the workers to end", 10)


def _is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("database_url", [""], ids=["sqlite"])
def test_a_second_gateway_on_the_same_data_is_refused(relayed: tuple[Gateway, Sink]) -> None:
    gateway, _ = relayed
    refused = gateway.run("serve", "--workers", 1, status=6)
    assert "WM-RUNNING-ALREADY" in refused.stderr
