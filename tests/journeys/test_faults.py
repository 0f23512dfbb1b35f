"""What the world does to a gateway: full disks, lost databases, broken upstreams, stops; and that mail survives it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.journeys.gateway import SENDER, Gateway, make_gateway, relay_to, running
from tests.journeys.peers.ground import Authority, free_port, need, wait_until
from tests.journeys.peers.sink import running_sink
from tests.journeys.peers.stage_server import Act, Play, Stage, on_stage
from tests.postgres import postgres_binaries, running_postgres

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

MEBIBYTE = 1024 * 1024


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def letter(number: object, size: int = 0) -> bytes:
    filler = b"A line of an attachment that nobody reads, 60 octets long..\r\n" * (size // 61)
    return (
        f"From: {SENDER}\r\nSubject: letter\r\nMessage-ID: <{number}@trust.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: application/octet-stream\r\n\r\nhello\r\n"
    ).encode() + filler


def send_letter(gateway: Gateway, number: object, size: int = 0) -> tuple[int, str]:
    return gateway.submit(letter(number, size), "user@dest.example")


# -- the disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own for the data directory."""
    need("mount")
    if os.getuid() != 0:
        pytest.skip("only root may mount a small file system")
    directory = tmp_path / "data"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(directory)], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def fill(directory: Path) -> Path:
    """Every octet that is free."""
    ballast = directory / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(MEBIBYTE)):
            pass
    return ballast


def test_a_full_disk_is_451_and_service_comes_back_with_room(
    tmp_path: Path, authority: Authority, small_disk: Path
) -> None:
    with running_sink(tmp_path, authority.issue("sink.localhost", "localhost")) as sink:
        gateway = make_gateway(tmp_path, authority)
        relay_to(gateway, sink.port)
        with running(gateway, workers=2):
            assert send_letter(gateway, "before")[0] == 250
            wait_until(lambda: len(sink.taken()) == 1, "the first letter")
            ballast = fill(small_disk)
            answers = [send_letter(gateway, f"full-{number}", size) for number, size in enumerate((0, 0, 3 * MEBIBYTE))]
            assert {code for code, _ in answers} == {451}, answers
            assert not [path for path in (small_disk / "spool").iterdir() if path.suffix == ".sealed"]
            ballast.unlink()
            wait_until(lambda: send_letter(gateway, "after")[0] == 250, "service to come back", 30)
            assert send_letter(gateway, "after-large", 3 * MEBIBYTE)[0] == 250
            gateway.wait_until_empty()
        assert {each.number for each in sink.taken()} == {"before", "after", "after-large"}
        assert gateway.ask("audit", "verify")[0]["ok"]


# -- the database


def test_without_its_database_it_answers_451_and_goes_on_when_it_is_back(tmp_path: Path, authority: Authority) -> None:
    if postgres_binaries() is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    with (
        running_postgres() as server,
        running_sink(tmp_path, authority.issue("sink.localhost", "localhost")) as sink,
    ):
        gateway = make_gateway(tmp_path, authority, database=server)
        relay_to(gateway, sink.port)
        with running(gateway, workers=2):
            assert send_letter(gateway, "before")[0] == 250
            wait_until(lambda: len(sink.taken()) == 1, "the first letter")
            gateway.do("route", "pause", "relay")
            time.sleep(2)
            assert send_letter(gateway, "waiting")[0] == 250
            postgres = _data_directory(server)
            _control(postgres, "stop", "-m", "immediate")
            assert send_letter(gateway, "without")[0] == 451
            _control(postgres, "restart", "-w", "-l", str(postgres.parent / "log"))
            wait_until(lambda: _is_taken(gateway, "after"), "service to come back", 40)
            gateway.do("route", "resume", "relay")
            wait_until(lambda: {"waiting", "after"} <= {each.number for each in sink.taken()}, "the couriers", 20)
            gateway.wait_until_empty()
        assert "without" not in {each.number for each in sink.taken()}
        assert gateway.ask("audit", "verify")[0]["ok"]


def _is_taken(gateway: Gateway, number: str) -> bool:
    with contextlib.suppress(smtplib.SMTPException, OSError):
        return send_letter(gateway, number)[0] == 250
    return False


def _data_directory(url: str) -> Path:
    with psycopg.connect(url) as connection:
        (directory,) = connection.execute("SHOW data_directory").fetchall()[0]
        return Path(directory)


def _control(data: Path, *words: str) -> None:
    binaries = postgres_binaries()
    assert binaries is not None
    become = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    command = [*become, str(binaries / "pg_ctl"), "-D", str(data), *words]
    subprocess.run(command, check=True, capture_output=True, cwd=data.parent, timeout=60)


# -- the keystore


def test_without_its_keystore_it_does_not_start_and_says_why(tmp_path: Path, authority: Authority) -> None:
    gateway = make_gateway(tmp_path, authority)
    relay_to(gateway, free_port())
    master = tmp_path / "data" / "master.key"
    for harm in (lambda: master.write_bytes(b"x"), master.unlink):
        harm()
        refused = gateway.run("serve", "--workers", 1, status=None)
        assert refused.returncode in {1, 75}
        assert "Traceback" not in refused.stderr
        assert "[WM-" in refused.stderr
        (finding,) = [each for each in gateway.ask("doctor", status=1) if each["check"] == "Secrets"]
        assert finding["grade"] == "fault"


# -- the upstream


def test_an_upstream_that_is_down_costs_nothing_but_time(tmp_path: Path, authority: Authority) -> None:
    certificate, port = authority.issue("sink.localhost", "localhost"), free_port()
    gateway = make_gateway(tmp_path, authority)
    relay_to(gateway, port)
    with running(gateway, workers=2):
        took = _time_of(lambda: [send_letter(gateway, number) for number in range(20)])
        time.sleep(1)
        took_later = _time_of(lambda: [send_letter(gateway, number) for number in range(20, 40)])
        assert gateway.waiting() == 40
        with running_sink(tmp_path, certificate, port) as sink:
            wait_until(lambda: len(sink.taken()) >= 40, "all letters", 90)
            gateway.wait_until_empty()
        assert sorted(int(each.number) for each in sink.taken()) == list(range(40))
    assert took_later < 5 * took + 1


def _time_of(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


async def staged(gateway: Gateway, stage: Stage, work: Callable[[], None]) -> None:
    """The gateway runs in a thread's care, because the stage needs this one."""
    relay_to(gateway, stage.port, "starttls")

    def journey() -> None:
        with running(gateway, workers=1):
            work()

    await asyncio.to_thread(journey)


async def test_an_upstream_that_stalls_does_not_stop_mail_from_coming_in(tmp_path: Path, authority: Authority) -> None:
    gateway = make_gateway(tmp_path, authority)

    def work() -> None:
        assert [send_letter(gateway, number)[0] for number in range(30)] == [250] * 30
        assert gateway.waiting() == 30

    async with on_stage(Play(lines={"DOT": [Act.STALL]}), authority.issue("upstream.localhost", "localhost")) as stage:
        await staged(gateway, stage, work)
        assert stage.messages


@pytest.mark.parametrize("fault", ["expired", "foreign", "no TLS"])
async def test_mail_waits_and_never_goes_in_clear(tmp_path: Path, authority: Authority, fault: str) -> None:
    """The upstream's certificate has run out, or is another authority's, or it offers no TLS at all."""
    (tmp_path / "other").mkdir()
    issuer = Authority(tmp_path / "other") if fault == "foreign" else authority
    over = datetime.now(UTC) - timedelta(hours=1) if fault == "expired" else None
    certificate = issuer.issue("upstream.localhost", "localhost", until=over)
    gateway = make_gateway(tmp_path, authority)

    def work() -> None:
        send_letter(gateway, 1)
        gateway.wait_for_states("user@dest.example", "deferred")

    async with on_stage(Play(offers_tls=fault != "no TLS"), certificate) as stage:
        await staged(gateway, stage, work)
        assert stage.count("MAIL") == 0
        assert stage.messages == []


# -- smuggling, end to end


@pytest.mark.parametrize("ending", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\0\r\n.\n"])
async def test_nothing_is_smuggled_through(tmp_path: Path, authority: Authority, ending: bytes) -> None:
    gateway = make_gateway(tmp_path, authority)
    smuggled = b"MAIL FROM:<billing@trust.example>\r\nRCPT TO:<victim@dest.example>\r\nDATA\r\n"
    body = b"From: billing@trust.example\r\nSubject: a\r\n\r\nhello" + ending + smuggled
    body += b"From: billing@trust.example\r\nSubject: smuggled\r\n\r\nhello"

    def work() -> None:
        with gateway.connect() as client:
            client.mail(SENDER)
            client.rcpt("user@dest.example")
            client.docmd("DATA")
            client.send(body + b"\r\n.\r\n")
            code, _ = client.getreply()
            assert code >= 500
        assert gateway.states() == []

    async with on_stage(Play(), authority.issue("upstream.localhost", "localhost")) as stage:
        await staged(gateway, stage, work)
        assert stage.messages == []
