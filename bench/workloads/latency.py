"""LATENCY: a hundred messages a second are offered; how long from the final dot to the 250?"""

from __future__ import annotations

from dataclasses import dataclass

from bench.ground import Ground
from bench.load_tools import Load, Sink, send
from bench.systems.system import Running

RATE = 100.0


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the final dot to the 250. `late` messages found no free session when their turn came."""

    offered_rate: float
    messages: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    late: int


def measure_latency(ground: Ground, system: Running, sink: Sink, messages: int) -> Latency:
    before = sink.counted().messages
    sent = send(ground, system.port, system.login, Load(messages, per_connection=messages, rate=RATE))
    sink.wait_for(before + sent.accepted)
    times = sent.dot_to_reply_ms
    return Latency(RATE, sent.accepted, times["p50"], times["p90"], times["p99"], times["max"], sent.late)
