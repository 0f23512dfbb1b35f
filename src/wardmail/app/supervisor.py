"""Starts the worker processes, starts a new one for one that died, and passes signals on."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from wardmail.app.heartbeats import Heartbeats
from wardmail.app.systemd import ServiceManager

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

LONGEST_SILENCE = 60.0
"""Seconds without a beat after which a worker is taken to hang, and is replaced; its leases run out or are taken back."""

SHORTEST_LIFE = 5.0
"""Seconds; a worker that dies sooner is not replaced at once, so that a broken set-up does not spin."""


class Supervisor:
    """Workers are forked after the TLS context is made: they share its ticket keys, so sessions resume on any of them."""

    def __init__(self, count: int, work: Callable[[int], None]) -> None:
        self._count = count
        self._work = work
        self._slots: dict[int, tuple[int, float]] = {}
        self._stopping = False
        self.beats = Heartbeats(count)
        self._manager = ServiceManager()

    def run(self) -> int:
        """Blocks until all workers have stopped; the exit status of the whole."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._pass_on)
        for slot in range(self._count):
            self._start(slot)
        while self._slots:
            pid, status = _wait()
            self._watch()
            if pid:
                self._ended(pid, status)
            elif self._stopping:
                self._pass_on(signal.SIGTERM, None)  # again: a worker that was just being born may have missed it
        return 0 if self._stopping else 1

    def _watch(self) -> None:
        """A worker that hangs holds mail that nobody sees: it is killed, and another takes its place."""
        for pid, (slot, _) in list(self._slots.items()):
            if not self._stopping and slot in self.beats.silent(LONGEST_SILENCE):
                log.critical("event=worker_hangs slot=%d silent_for=%.0f", slot, LONGEST_SILENCE)
                self.beats.forget(slot)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if self.beats.all_begun():
            self._manager.ready(f"{self._count} workers")
        self._manager.alive()

    def _start(self, slot: int) -> None:
        supervisor = os.getpid()
        # Until the worker has its own, a signal would run our handlers in it, and so be lost: it waits meanwhile.
        signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        if self._stopping:  # asked under the mask: told a moment earlier, a worker born now would never hear of it
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
            return
        pid = os.fork()
        if pid:
            self._slots[pid] = (slot, time.monotonic())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
            return
        status = 1
        try:
            _end_with(supervisor)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
            self._work(slot)
            status = 0
        except Exception as error:
            log.critical('event=worker_failed slot=%d error=%s why="%s"', slot, type(error).__name__, error)
        finally:
            logging.shutdown()
            os._exit(status)

    def _ended(self, pid: int, status: int) -> None:
        slot, started = self._slots.pop(pid)
        self.beats.forget(slot)
        if self._stopping:
            return
        lived = time.monotonic() - started
        log.error("event=worker_ended slot=%d status=%d lived=%.1f", slot, os.waitstatus_to_exitcode(status), lived)
        if lived < SHORTEST_LIFE:
            time.sleep(SHORTEST_LIFE - lived)
        self._start(slot)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        self._manager.stopping()
        self._pass_on(signal.SIGTERM, frame)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        for pid in list(self._slots):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _end_with(supervisor: int) -> None:
    """Have the kernel kill this worker when the supervisor dies: an orphan would work beside its own successor."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(1)


def _wait() -> tuple[int, int]:
    """Looks ten times a second: a signal that came just before a blocking wait would not be heard until a worker died."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0
    if not pid:
        time.sleep(0.1)
    return pid, status
