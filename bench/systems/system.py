"""What a workload needs to know about a system under test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.accounting import Processes, processes_of
from bench.ground import greets, wait_until


@dataclass
class Running:
    """A system that takes mail on `port`. `login` is USER:SECRET for AUTH PLAIN."""

    name: str
    port: int
    login: str
    processes: Processes


class System(Protocol):
    name: str
    title: str
    log: Path

    def missing(self) -> str:
        """Why it cannot run on this machine; empty when it can."""

    def install(self) -> None:
        """Once, before the first start."""

    def start(self, processes: Processes, sink_port: int) -> Running:
        """With an empty queue. Returns at once; the port answers later."""

    def stop(self) -> None:
        """What must happen before its processes are ended."""


@contextmanager
def running(system: System, sink_port: int) -> Iterator[Running]:
    """The system from its first greeting on; nothing of it is left afterwards."""
    with processes_of(system.name) as processes:
        try:
            started = system.start(processes, sink_port)
            wait_until(lambda: greets(started.port), f"{system.title} to greet", 60)
            yield started
        except Exception as error:
            error.add_note(f"{system.title} logged: {_end_of(system.log)}")
            raise
        finally:
            system.stop()


def _end_of(log: Path, characters: int = 1500) -> str:
    return log.read_text(errors="replace")[-characters:] if log.exists() else "nothing"
