"""W2, W2c and W2e: a stream of submissions, signed, stored and relayed, until the sink has counted all."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.ground import Ground
from bench.load_tools import Load, Sink, send
from bench.machine import Moment
from bench.systems.system import Running

SETTLING = 0.3
"""Seconds in which a message that is sent twice would still come."""


@dataclass(frozen=True)
class Flow:
    """One run. Rates are messages a second; end to end is from the first connection to the sink's last message.

    CPU is in milliseconds a message; `others_share` is what other work took of all processors meanwhile.
    """

    messages: int
    accepted_rate: float
    end_to_end_rate: float
    cpu_ms: float
    generator_cpu_ms: float
    sink_cpu_ms: float
    others_share: float
    memory_mb: float
    p50_ms: float
    p99_ms: float
    resumed_share: float
    doubled: int
    unsigned: int
    refused: int


def measure_flow(ground: Ground, system: Running, sink: Sink, load: Load) -> Flow:
    """Raises TimeoutError when a message that was accepted does not arrive."""
    before, moment = sink.counted(), Moment.now()
    cpu_before, sink_before = system.processes.cpu_seconds(), sink.cpu_seconds()
    sent = send(ground, system.port, system.login, load)
    memory = system.processes.memory_mb()
    after = sink.wait_for(before.messages + sent.accepted)
    cpu, sink_cpu = system.processes.cpu_seconds() - cpu_before, sink.cpu_seconds() - sink_before
    others = moment.others_share(cpu + sink_cpu + sent.cpu_seconds)
    time.sleep(SETTLING)
    arrived = sink.counted().messages - before.messages
    each = 1e3 / sent.accepted
    return Flow(
        messages=sent.accepted,
        accepted_rate=sent.rate,
        end_to_end_rate=sent.accepted / (after.last_message_at - sent.started_at),
        cpu_ms=cpu * each,
        generator_cpu_ms=sent.cpu_seconds * each,
        sink_cpu_ms=sink_cpu * each,
        others_share=others,
        memory_mb=memory,
        p50_ms=sent.mail_to_reply_ms["p50"],
        p99_ms=sent.mail_to_reply_ms["p99"],
        resumed_share=sent.resumed / sent.handshakes,
        doubled=arrived - sent.accepted,
        unsigned=arrived - (sink.counted().signed_messages - before.signed_messages),
        refused=sent.refused,
    )
