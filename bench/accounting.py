"""Counts what all processes of one system use, also those that have ended, and ends every one of them."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from bench.ground import GROUND, PREFIX

_TICKS = os.sysconf("SC_CLK_TCK")
_numbers = itertools.count(1)


class Processes:
    """The processes of one system under test. Uses a control group of its own (cgroup v2) where one can be made."""

    def __init__(self, name: str) -> None:
        self._group = _make_group(name)
        self._roots: list[int] = []
        self._started: list[subprocess.Popen[bytes]] = []

    @property
    def counts_by_cgroup(self) -> bool:
        return self._group is not None

    def start(
        self, command: Sequence[str | Path], *, log: IO[bytes] | None = None, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*self._entrance(), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.DEVNULL,
            stderr=log or subprocess.DEVNULL,
            env=os.environ | (environment or {}),
            start_new_session=True,
        )
        self._started.append(process)
        self._roots.append(process.pid)
        return process

    def adopt(self, pid: int) -> None:
        """Count a daemon that left its parent; needed only where there are no control groups."""
        self._roots.append(pid)

    def ids(self) -> list[int]:
        if self._group is not None:
            return [int(line) for line in (self._group / "cgroup.procs").read_text().split()]
        return sorted(_family(self._roots))

    def cpu_seconds(self) -> float:
        """User and system time of all processes so far, in seconds."""
        if self._group is not None:
            return int((self._group / "cpu.stat").read_text().split()[1]) / 1e6
        return sum(_cpu_with_ended_children(pid) for pid in self.ids())

    def memory_mb(self) -> float:
        """Memory of all processes together; pages that several share are counted once (PSS)."""
        return sum(_pss_kb(pid) for pid in self.ids()) / 1024

    def peak_mb(self) -> list[float]:
        """For every process now alive: the most resident memory it ever had."""
        return [kb / 1024 for kb in map(_peak_kb, self.ids()) if kb]

    def end(self) -> None:
        """Everything ends, in the group or started here, however it behaves."""
        family = set(self.ids())
        for process in self._started:
            process.terminate()
        self._await_end(2.0)
        if self._group is not None:
            _kill_group(self._group)
        else:
            # Children whose parent has ended are nobody's family any more: they are known from before.
            for pid in family | set(self.ids()):
                _signal(pid, signal.SIGKILL)
        for process in self._started:
            process.kill()
            process.wait()

    def _await_end(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(process.poll() is None for process in self._started):
            time.sleep(0.02)

    def _entrance(self) -> list[str]:
        """What a command line begins with, so that the process is in the group before it is what it shall be."""
        return _entrance_to(self._group) if self._group is not None else []


@contextlib.contextmanager
def processes_of(name: str) -> Iterator[Processes]:
    processes = Processes(name)
    try:
        yield processes
    finally:
        processes.end()


def end_left_overs() -> None:
    """Ends and removes what an earlier benchmark left behind when it was killed: the names carry its process ID."""
    parent = _group_parent()
    for group in parent.glob(f"{PREFIX}*") if parent else ():
        if _is_left_over(group):
            _kill_group(group)
    for directory in GROUND.glob(f"{PREFIX}*"):
        if _is_left_over(directory):
            shutil.rmtree(directory, ignore_errors=True)


def _is_left_over(path: Path) -> bool:
    return not Path(f"/proc/{path.name.removeprefix(PREFIX).partition('-')[0]}").exists()


def _group_parent() -> Path | None:
    """Our own place in the cgroup v2 tree, where the kernel has one mounted."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    mounted = next((Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"), None)
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    inside = next((line[3:] for line in lines if line.startswith("0::")), None)
    return mounted / inside.lstrip("/") if mounted and inside else None


def _make_group(name: str) -> Path | None:
    parent = _group_parent()
    if parent is None:
        return None
    group = parent / f"{PREFIX}{os.getpid()}-{name}-{next(_numbers)}"
    try:
        group.mkdir()
        # Making a group may be allowed where moving a process into it is not.
        subprocess.run([*_entrance_to(group), "true"], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        with contextlib.suppress(OSError):
            group.rmdir()
        return None
    return group


def _entrance_to(group: Path) -> list[str]:
    return ["/bin/sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group)]


def _kill_group(group: Path) -> None:
    killer = group / "cgroup.kill"
    for _ in range(100):
        if killer.exists():
            killer.write_text("1")
        else:
            for line in (group / "cgroup.procs").read_text().split():
                _signal(int(line), signal.SIGKILL)
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _family(roots: list[int]) -> set[int]:
    """The roots that live, and all their descendants."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    family = {pid for pid in roots if pid in parents}
    grew = True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        family |= more
        grew = bool(more)
    return family


def _stat(pid: int | str) -> list[str]:
    """Fields of /proc/PID/stat from the third on (the second may hold spaces); empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _parent(path: Path) -> int:
    fields = _stat(path.name)
    return int(fields[1]) if fields else 0


def _cpu_with_ended_children(pid: int) -> float:
    return sum(map(int, _stat(pid)[11:15])) / _TICKS


def cpu_seconds_of(pid: int) -> float:
    """One process, without its children."""
    return sum(map(int, _stat(pid)[11:13])) / _TICKS


def _pss_kb(pid: int) -> int:
    return _field_kb(f"/proc/{pid}/smaps_rollup", "Pss:") or _field_kb(f"/proc/{pid}/status", "VmRSS:")


def _peak_kb(pid: int) -> int:
    return _field_kb(f"/proc/{pid}/status", "VmHWM:")


def _field_kb(path: str, name: str) -> int:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
