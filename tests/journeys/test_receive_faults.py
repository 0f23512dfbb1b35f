"""What the world does to a gateway that receives: kills, full disks, locked databases, slow peers; no mail is lost by it."""

from __future__ import annotations

import contextlib
import os
import random
import smtplib
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import fresh_postgresql
from tests.journeys.peers.dns import Dns, running_dns
from tests.journeys.peers.ground import Authority, is_listening, need, wait_for_more, wait_until
from tests.journeys.receiving import LETTERS, ZONE, Receiver, letter, make_receiver, receiving
from wardmail.model.arrival import ArrivalState

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

KILLS = 4


@pytest.fixture(scope="module")
def dns() -> Iterator[Dns]:
    with running_dns(ZONE, {}) as running:
        yield running


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


class Senders:
    """Other mail servers that bring letters for as long as they are let; `taken` are the IDs that were answered by 250."""

    def __init__(self, receiver: Receiver, count: int = 3) -> None:
        self.taken: list[str] = []
        self.refused: list[str] = []
        self._receiver = receiver
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(count)]

    def __enter__(self) -> Senders:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(30)

    def _work(self, place: int) -> None:
        number = place * 1_000_000
        while not self._done.is_set():
            with (
                contextlib.suppress(OSError, smtplib.SMTPException),
                contextlib.closing(self._receiver.connect()) as client,
            ):
                while not self._done.is_set():
                    number += 1
                    client.mail("ward@nhs.example")
                    client.rcpt(LETTERS)
                    code, reply = client.data(letter(number))
                    words = reply.decode()
                    (self.taken if code == 250 else self.refused).append(
                        words.rpartition(" ")[2] if code == 250 else words
                    )
            time.sleep(0.05)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
    else:
        with fresh_postgresql(request.getfixturevalue("postgres_server")) as database:
            yield database.url


def test_what_was_acknowledged_reaches_the_application_whatever_is_killed(
    tmp_path: Path, authority: Authority, dns: Dns, database_url: str
) -> None:
    receiver, chance = make_receiver(tmp_path, authority, dns, database=database_url), random.Random()
    with receiving(receiver, workers=2), Senders(receiver) as senders:
        for turn in range(KILLS):
            wait_for_more(lambda: len(senders.taken), "mail to flow", more=6)
            time.sleep(chance.uniform(0, 0.5))
            if turn % 2:
                receiver.gateway.kill()
                receiver.gateway.start()
                wait_until(lambda: is_listening(receiver.port), "the receiver")
            else:
                os.kill(chance.choice(receiver.gateway.workers), 9)
        senders.__exit__()
        assert not [words for words in senders.refused if not words.startswith("4.")], senders.refused[:3]
        assert len(senders.taken) > 20
        wait_until(lambda: not receiver.arrivals(ArrivalState.RECEIVED, ArrivalState.HANDING_OVER), "all to arrive", 60)
        there = "".join(path.name for path in (receiver.maildir / "new").iterdir())
        assert [name for name in senders.taken if name not in there] == []
        assert receiver.gateway.ask("audit", "verify")[0]["ok"]
        assert receiver.gateway.ask("source", "reconcile")[0]["unaccounted"] == 0


def test_a_locked_database_is_451_and_stores_nothing(tmp_path: Path, authority: Authority, dns: Dns) -> None:
    with receiving(make_receiver(tmp_path, authority, dns)) as receiver:
        receiver.bring(letter(1))
        path = tmp_path / "gateway" / "data" / "wardmail.db"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            with contextlib.closing(receiver.connect()) as client:
                client.mail("ward@nhs.example")
                client.rcpt(LETTERS)
                assert client.data(letter(2))[0] == 451
            rival.execute("ROLLBACK")
        wait_until(lambda: receiver.bring(letter(3)) != "", "service to come back", 30)
        assert len(receiver.arrivals()) == 2


def test_a_full_disk_is_451(tmp_path: Path, authority: Authority, dns: Dns) -> None:
    need("mount")
    if os.getuid() != 0:
        pytest.skip("only root may mount a small file system")
    data = tmp_path / "gateway" / "data"
    data.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(data)], check=True)
    try:
        with receiving(make_receiver(tmp_path, authority, dns)) as receiver:
            receiver.bring(letter(1))
            with contextlib.suppress(OSError), (data / "ballast").open("wb", buffering=0) as ballast:
                while ballast.write(bytes(1024 * 1024)):
                    pass
            with contextlib.closing(receiver.connect()) as client:
                client.mail("ward@nhs.example")
                client.rcpt(LETTERS)
                assert client.data(letter(2, (b"y" * 70 + b"\r\n") * 40_000))[0] == 451
            (data / "ballast").unlink()
            name = receiver.bring(letter(3))
            receiver.wait_for(name, ArrivalState.HANDED_OVER)
    finally:
        subprocess.run(["umount", "-l", str(data)], check=True)


def test_a_stop_lets_what_is_in_hand_finish(tmp_path: Path, authority: Authority, dns: Dns) -> None:
    receiver = make_receiver(tmp_path, authority, dns)
    with receiving(receiver, workers=2):
        names = [receiver.bring(letter(n)) for n in range(5)]
        assert receiver.gateway.stop() == 0
        states = {each.id: each.state for each in receiver.arrivals()}
        assert {states[name] for name in names} <= {ArrivalState.HANDED_OVER, ArrivalState.HANDING_OVER}
        receiver.gateway.start(1)
        for name in names:
            receiver.wait_for(name, ArrivalState.HANDED_OVER)


def test_slow_peers_keep_nobody_else_waiting(tmp_path: Path, authority: Authority, dns: Dns) -> None:
    settings = {"receive.connections_per_address": "20"}
    with receiving(make_receiver(tmp_path, authority, dns, settings=settings)) as receiver:
        slow = [socket.create_connection(("localhost", receiver.port)) for _ in range(10)]
        for each in slow:
            each.recv(200)
            each.sendall(b"E")
        began = time.monotonic()
        receiver.bring(letter(1))
        assert time.monotonic() - began < 10
        more = [socket.create_connection(("localhost", receiver.port)) for _ in range(15)]
        assert any(b"421" in each.recv(200) for each in more[-3:]), "one address gets no more than its share"
        for each in (*slow, *more):
            each.close()
