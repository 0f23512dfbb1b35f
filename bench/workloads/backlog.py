"""BACKLOG: the upstream is down while many messages are accepted; then it is back, and the queue drains."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.ground import Ground, free_port
from bench.load_tools import Load, Sent, Sink, running_sink, send
from bench.systems.system import running
from bench.systems.wardmail import Wardmail
from bench.workloads.throughput import SETTLING

_WARM_UP = 300
_SLICE_SHARE = 0.2
_MOST_FLUSHES = 20
_PATIENCE = 5.0
_LONGEST_PAUSE = 90.0
"""Seconds that a gateway may leave an upstream alone which did not answer."""


@dataclass(frozen=True)
class Backlog:
    """Accept rates of the first and the last fifth, memory after each, and the drain; messages a second and MB.

    `reopened_s`: from the moment that the upstream was back to the first message; the drain is from there to the last.
    """

    messages: int
    empty_rate: float
    full_rate: float
    empty_memory_mb: float
    full_memory_mb: float
    reopened_s: float
    drain_rate: float
    drain_cpu_ms: float
    flushes: int
    doubled: int


def measure_backlog(ground: Ground, messages: int) -> Backlog:
    """Both slices are taken with the upstream down, so that the same work is compared."""
    system = Wardmail(ground, free_port(), name="wardmail-backlog")
    system.install()
    slice_size = int(messages * _SLICE_SHARE)
    with running(system, system.sink_port) as server:

        def fill(count: int) -> Sent:
            return send(ground, server.port, server.login, Load(count))

        fill(_WARM_UP)
        empty = fill(slice_size)
        empty_memory = server.processes.memory_mb()
        fill(messages - 2 * slice_size)
        full = fill(slice_size)
        full_memory = server.processes.memory_mb()
        total = messages + _WARM_UP
        with running_sink(ground, system.sink_port) as sink:
            began, cpu_before = time.time(), server.processes.cpu_seconds()
            flushes = _drain(system, sink, total)
            drained = sink.counted()
            cpu = server.processes.cpu_seconds() - cpu_before
            time.sleep(SETTLING)
            doubled = sink.counted().messages - total
    return Backlog(
        messages=total,
        empty_rate=empty.rate,
        full_rate=full.rate,
        empty_memory_mb=empty_memory,
        full_memory_mb=full_memory,
        reopened_s=drained.first_message_at - began,
        drain_rate=total / (drained.last_message_at - drained.first_message_at),
        drain_cpu_ms=cpu * 1e3 / total,
        flushes=flushes,
        doubled=doubled,
    )


def _drain(system: Wardmail, sink: Sink, total: int) -> int:
    """Flush as an operator does, again when nothing moves any more; returns how often. Raises TimeoutError."""
    for flushes in range(1, _MOST_FLUSHES + 1):
        system.run("queue", "flush")
        sink.wait_for(1, _LONGEST_PAUSE)
        try:
            sink.wait_for(total, _PATIENCE)
        except TimeoutError:
            if flushes == _MOST_FLUSHES:
                raise
        else:
            break
    return flushes
