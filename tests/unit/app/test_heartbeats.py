"""A worker that hangs is replaced, and systemd is told the truth."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journeys.peers.ground import wait_until

PROGRAM = """
import asyncio, os, sys, time
from wardmail.app import supervisor
from wardmail.app.heartbeats import beating
supervisor.LONGEST_SILENCE = 2.0
supervisor.SHORTEST_LIFE = 0.1

def work(slot):
    async def live():
        await beating(made.beats, slot)(None)
        os.write(1, b"born %d %d\\n" % (slot, os.getpid()))
        await asyncio.sleep(3600)
    asyncio.run(live())

made = supervisor.Supervisor(2, work)
sys.exit(made.run())
"""


@contextlib.contextmanager
def supervised(directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket, Path]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(directory / "notify"))
        manager.settimeout(15)
        environment = os.environ | {"NOTIFY_SOCKET": str(directory / "notify"), "WATCHDOG_USEC": "600000"}
        out = directory / "out"
        with out.open("wb") as file:
            process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=file)
        try:
            yield process, manager, out
        finally:
            process.kill()
            process.wait()


def _born(out: Path, slot: int) -> list[int]:
    return [int(line.split()[2]) for line in out.read_text().splitlines() if line.startswith(f"born {slot} ")]


def test_ready_when_all_work_alive_while_they_do_and_stopping_when_told(tmp_path: Path) -> None:
    with supervised(tmp_path) as (process, manager, out):
        said = manager.recv(1000).decode()
        while "READY=1" not in said:
            said = manager.recv(1000).decode()
        assert _born(out, 0)
        assert _born(out, 1)
        assert said.endswith("STATUS=2 workers")
        assert manager.recv(1000) == b"WATCHDOG=1"
        process.terminate()
        said = manager.recv(1000).decode()
        while said == "WATCHDOG=1":
            said = manager.recv(1000).decode()
        assert said == "STOPPING=1"


@pytest.mark.parametrize("slot", [0, 1])
def test_a_worker_that_hangs_is_replaced_and_the_other_is_left_alone(tmp_path: Path, slot: int) -> None:
    with supervised(tmp_path) as (_, _manager, out):
        wait_until(lambda: bool(_born(out, 0) and _born(out, 1)), "two workers")
        os.kill(_born(out, slot)[0], signal.SIGSTOP)
        wait_until(lambda: len(_born(out, slot)) == 2, "another worker", 20)
        time.sleep(3)
        assert len(_born(out, 1 - slot)) == 1
        assert len(_born(out, slot)) == 2
