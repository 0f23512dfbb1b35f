"""START: from the command to the first 220, and how long `wardmail --help` takes."""

from __future__ import annotations

import statistics
import subprocess
import time
from dataclasses import dataclass

from bench.accounting import processes_of
from bench.ground import greets, wait_until
from bench.systems.wardmail import WARDMAIL, Wardmail

_STARTS = 3
_HELPS = 11


@dataclass(frozen=True)
class Start:
    """Medians."""

    first_greeting_s: float
    help_ms: float


def measure_start(system: Wardmail) -> Start:
    """The system is installed and not running."""
    return Start(
        statistics.median(_first_greeting(system) for _ in range(_STARTS)),
        statistics.median(_help() for _ in range(_HELPS)) * 1e3,
    )


def _first_greeting(system: Wardmail) -> float:
    with processes_of(system.name) as processes:
        began = time.perf_counter()
        server = system.start_again(processes)
        wait_until(lambda: greets(server.port), "the first greeting", 30, pause=0.005)
        return time.perf_counter() - began


def _help() -> float:
    began = time.perf_counter()
    subprocess.run([str(WARDMAIL), "--help"], check=True, capture_output=True)
    return time.perf_counter() - began
