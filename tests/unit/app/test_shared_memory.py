"""What one process writes without pause, another never reads half written: no worker is killed for it, no counter falls."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

from wardmail.app.heartbeats import Heartbeats
from wardmail.app.tally import Tally

LOOKS = 200_000


@contextlib.contextmanager
def writing(write: Callable[[], None]) -> Iterator[None]:
    """Another process writes, again and again, until the block ends."""
    pid = os.fork()
    if not pid:
        while True:
            write()
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_worker_that_beats_is_never_silent() -> None:
    beats = Heartbeats(1)
    beats.beat(0)
    with writing(lambda: beats.beat(0)):
        assert not any(beats.silent(60) for _ in range(LOOKS))
        assert all(beats.all_begun() for _ in range(LOOKS))


def test_a_counter_never_falls() -> None:
    tally, last = Tally(1), 0.0
    counts = tally.of(0)
    counts.count(("seen",))
    with writing(lambda: counts.count(("seen",))):
        for _ in range(LOOKS):
            now = tally.totals()["seen",]
            assert now >= last
            last = now
