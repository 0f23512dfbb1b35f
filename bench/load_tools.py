"""Compiles the load generator and the sink, and runs them."""

from __future__ import annotations

import json
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.accounting import Processes, cpu_seconds_of, processes_of
from bench.ground import RECIPIENT, REPOSITORY, SENDER, WORK, Ground, free_port, greets, wait_until

_SOURCES = REPOSITORY / "bench" / "load"
_PARTS = {
    "generator": ("generator.c", "client.c", "stream.c", "histogram.c", "message.c"),
    "sink": ("sink.c", "server.c", "stream.c"),
}
GENERATOR = WORK / "generator"
SINK = WORK / "sink"


def compile_tools() -> None:
    """Raises CalledProcessError when gcc is not content."""
    WORK.mkdir(parents=True, exist_ok=True)
    newest = max(path.stat().st_mtime for path in _SOURCES.iterdir())
    for name, parts in _PARTS.items():
        program = WORK / name
        if not program.exists() or program.stat().st_mtime < newest:
            compile_c(program, [_SOURCES / part for part in parts])


def compile_c(program: Path, sources: list[Path], warnings: str = "-Wall") -> None:
    command = ["gcc", "-O2", warnings, "-o", str(program), *map(str, sources), "-lssl", "-lcrypto", "-lm"]
    subprocess.run(command, check=True)


@dataclass(frozen=True)
class Load:
    """What the generator is asked to send. `rate` is messages a second (0: as fast as they are taken)."""

    messages: int
    sessions: int = 50
    per_connection: int = 100
    rate: float = 0.0
    size: int = 0
    unique: bool = True
    starttls: bool = True
    resume: bool = True


@dataclass(frozen=True)
class Sent:
    """What the generator has measured; times in milliseconds or seconds as named, `started_at` since the epoch."""

    accepted: int
    refused: int
    lost: int
    late: int
    started_at: float
    seconds: float
    rate: float
    connections: int
    handshakes: int
    resumed: int
    mail_to_reply_ms: dict[str, float]
    dot_to_reply_ms: dict[str, float]
    cpu_seconds: float
    completed: bool


def send(ground: Ground, port: int, login: str, load: Load) -> Sent:
    """Raises RuntimeError when the generator could not send all."""
    body = ["--size", str(load.size)] if load.size else ["--message", str(ground.message)]
    switches = [f"--{name}" for name in ("unique", "starttls", "resume") if getattr(load, name)]
    numbers = {"sessions": load.sessions, "messages": load.messages, "per-connection": load.per_connection}
    command = [
        str(GENERATOR),
        "--port",
        str(port),
        "--from",
        SENDER,
        "--to",
        RECIPIENT,
        "--pipelining",
        *body,
        *switches,
    ]
    command += [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    command += ["--rate", str(load.rate)] if load.rate else []
    command += ["--login", login] if login else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    if not done.stdout:
        raise RuntimeError(f"the generator failed: {done.stderr[-500:]}")
    sent = Sent(**json.loads(done.stdout))
    if not sent.completed or sent.accepted < load.messages:
        raise RuntimeError(f"only {sent.accepted} of {load.messages} messages were accepted; {done.stderr[-500:]}")
    return sent


@dataclass(frozen=True)
class Counted:
    """The sink's counters; moments in seconds since the epoch."""

    messages: int
    bytes: int
    signed_messages: int
    connections: int
    handshakes: int
    resumed: int
    logins: int
    errors: int
    first_message_at: float
    last_message_at: float


class Sink:
    def __init__(self, ground: Ground, processes: Processes, port: int = 0) -> None:
        self.port = port or free_port()
        self._file = ground.directory / f"sink-{self.port}.counters"
        command: list[str | Path] = [SINK, "--port", str(self.port), "--counters", self._file]
        command += ["--certificate", ground.certificate, "--key", ground.key, "--auth"]
        self._process = processes.start(command)
        wait_until(lambda: greets(self.port), "the sink")

    def counted(self) -> Counted:
        values = struct.unpack_from("<10Q", self._file.read_bytes())
        first, last = (each / 1e9 for each in values[8:])
        messages, octets, signed, connections, handshakes, resumed, logins, errors = values[:8]
        return Counted(messages, octets, signed, connections, handshakes, resumed, logins, errors, first, last)

    def cpu_seconds(self) -> float:
        return cpu_seconds_of(self._process.pid)

    def wait_for(self, messages: int, seconds: float = 60.0) -> Counted:
        """Until that many have come in all. Raises TimeoutError when for `seconds` none came."""
        last, end = -1, time.monotonic() + seconds
        while (now := self.counted().messages) < messages:
            if now > last:
                last, end = now, time.monotonic() + seconds
            if time.monotonic() > end:
                raise TimeoutError(f"the sink has {now} of {messages} messages and gets no more")
            time.sleep(0.05)
        return self.counted()


@contextmanager
def running_sink(ground: Ground, port: int = 0) -> Iterator[Sink]:
    with processes_of("sink") as processes:
        yield Sink(ground, processes, port)
