"""Shows how fast the load generator and the sink are by themselves, also beside other tools where those are present."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.accounting import processes_of
from bench.ground import RECIPIENT, REPOSITORY, SENDER, WORK, Ground, free_port, greets, wait_until
from bench.load_tools import Load, compile_c, running_sink, send

_OTHERS = Path(os.environ.get("WARDMAIL_BENCH_TOOLS", REPOSITORY.parent / "shared" / "bench"))
_LOGIN = "app:secret"


@dataclass(frozen=True)
class Calibration:
    """Messages a second that a generator sends straight into a sink, by the same work as W2 or W2c."""

    generator: str
    sink: str
    per_connection: int
    rate: float
    generator_cpu_ms: float


def measure_calibration(ground: Ground, messages: int) -> list[Calibration]:
    """Ours into ours; and, where the other tools are, each of theirs with each of ours."""
    others = _other_tools()
    loads = [Load(messages, unique=False), Load(messages // 5, unique=False, per_connection=1)]
    found = []
    with running_sink(ground) as sink:
        for load in loads:
            found.append(_ours(ground, sink.port, load, "ours"))
            found += [_theirs(ground, others[0], sink.port, load, "ours")] if others else []
    if others:
        with _their_sink(ground, others[1]) as port:
            for load in loads:
                found += [_ours(ground, port, load, "theirs"), _theirs(ground, others[0], port, load, "theirs")]
    return found


def _other_tools() -> tuple[Path, Path] | None:
    names = ("cgen", "csink")
    if not all((_OTHERS / f"{name}.c").exists() for name in names):
        return None
    programs = tuple(WORK / f"other-{name}" for name in names)
    for program, name in zip(programs, names, strict=True):
        if not program.exists():
            compile_c(program, [_OTHERS / f"{name}.c"], "-w")
    return programs[0], programs[1]


def _ours(ground: Ground, port: int, load: Load, sink: str) -> Calibration:
    sent = send(ground, port, _LOGIN, load)
    return Calibration("ours", sink, load.per_connection, sent.rate, sent.cpu_seconds * 1e3 / sent.accepted)


def _theirs(ground: Ground, program: Path, port: int, load: Load, sink: str) -> Calibration:
    login = base64.b64encode(b"\0" + _LOGIN.replace(":", "\0").encode()).decode()
    numbers = {"-p": port, "-s": load.sessions, "-m": load.messages, "-k": load.per_connection}
    command = [str(program), *(str(word) for pair in numbers.items() for word in pair), "-F", str(ground.message)]
    command += ["-t", "-P", "-R", "-a", login, "-f", SENDER, "-r", RECIPIENT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    told = json.loads(done.stdout)
    return Calibration("theirs", sink, load.per_connection, told["rate"], told["cpu"] * 1e3 / told["ok"])


@contextmanager
def _their_sink(ground: Ground, program: Path) -> Iterator[int]:
    port = free_port()
    with processes_of("other-sink") as processes:
        counters = ground.directory / "other-sink.counters"
        processes.start([program, "-p", str(port), "-c", ground.certificate, "-k", ground.key, "-A", "-f", counters])
        wait_until(lambda: greets(port), "the other sink")
        yield port
