"""The supervisor stops its workers whenever it is told to, even while they are starting."""

from __future__ import annotations

import signal
import subprocess
import sys

_SUPERVISED = """
import asyncio, os, signal, sys, time
from wardmail.app.supervisor import Supervisor

def work(slot):
    os.write(1, b"begun\\n")  # one write: two workers' lines must not mix where Python is unbuffered
    time.sleep({start_up})
    async def until_told():
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        os.write(1, b"up\\n")
        await stop.wait()
    asyncio.run(until_told())

sys.exit(Supervisor(2, work).run())
"""


def _told_at(word: str, start_up: float) -> int:
    command = [sys.executable, "-c", _SUPERVISED.format(start_up=start_up)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        try:
            assert supervisor.stdout is not None
            assert word in map(str.strip, supervisor.stdout)
            supervisor.send_signal(signal.SIGTERM)
            return supervisor.wait(timeout=20)
        finally:
            supervisor.kill()


def test_told_to_stop_while_workers_start() -> None:
    assert _told_at("begun", start_up=1.0) == 0


def test_told_to_stop_while_workers_run() -> None:
    assert _told_at("up", start_up=0.0) == 0
