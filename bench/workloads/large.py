"""LARGE: a hundred sessions each upload 35 MB at the same time; how much memory does a worker need?"""

from __future__ import annotations

from dataclasses import dataclass

from bench.ground import Ground
from bench.load_tools import Load, Sink, send
from bench.systems.system import Running

SIZE = 35_000_000


@dataclass(frozen=True)
class Large:
    """`peak_mb` is the most resident memory that any one process ever had; the rate is from upload to sink."""

    uploads: int
    size_mb: float
    peak_mb: float
    seconds: float
    megabytes_per_second: float


def measure_large(ground: Ground, system: Running, sink: Sink, uploads: int) -> Large:
    """The system must be new: a peak does not go down again."""
    before = sink.counted().messages
    load = Load(uploads, sessions=uploads, per_connection=1, size=SIZE)
    sent = send(ground, system.port, system.login, load)
    after = sink.wait_for(before + uploads)
    seconds = after.last_message_at - sent.started_at
    return Large(uploads, SIZE / 1e6, max(system.processes.peak_mb()), seconds, uploads * SIZE / 1e6 / seconds)
