"""Lets one gateway at a time run on a data directory: its workers' names, and so their leases, must be nobody else's."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from wardmail.app.failures import CONFLICT, CommandFailed

PATIENCE = 5.0
"""Seconds that a gateway which is just ending is waited for."""


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Forked processes hold the lock too: it is free when the last of them has ended. Raises CommandFailed."""
    with (data / "running").open("a") as file:
        end = time.monotonic() + PATIENCE
        while not _locked(file.fileno()):
            if time.monotonic() > end:
                raise CommandFailed(
                    "WM-RUNNING-ALREADY",
                    f"A gateway is running on {data} already.",
                    "Stop it first, or give this one a data directory of its own.",
                    CONFLICT,
                )
            time.sleep(0.05)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
