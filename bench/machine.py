"""What a measurement was taken on, and how busy that machine was with other work."""

from __future__ import annotations

import os
import platform
import re
import ssl
import subprocess
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

from bench.ground import fsync_ms

_TICKS = os.sysconf("SC_CLK_TCK")


def describe_machine(directory: Path) -> dict[str, object]:
    """`directory` is on the disk that the systems use."""
    return {
        "processor": _first_match("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.machine(),
        "processors": os.cpu_count(),
        "memory_gb": round(int(_first_match("/proc/meminfo", r"MemTotal:\s*(\d+)") or 0) / 1e6, 1),
        "system": _first_match("/etc/os-release", r'PRETTY_NAME="?([^"\n]+)'),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "python_optimised": "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "openssl": ssl.OPENSSL_VERSION,
        "postfix": _version(["/usr/sbin/postconf", "-d", "-h", "mail_version"]),
        "opendkim": _version(["/usr/sbin/opendkim", "-V"]),
        "dovecot": _version(["/usr/sbin/dovecot", "--version"]),
        "node": _version(["node", "--version"]),
        "fsync_ms": round(fsync_ms(directory), 3),
        "load_average_before": os.getloadavg(),
    }


def machine_name() -> str:
    """Short, and safe in a file name."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", platform.node()).strip("-").lower() or "machine"


@dataclass(frozen=True)
class Moment:
    """A reading of the whole machine's clocks, in seconds."""

    at: float
    busy: float

    @staticmethod
    def now() -> Moment:
        user, nice, system, _idle, _wait, hard, soft, steal = map(
            int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        )
        return Moment(time.monotonic(), (user + nice + system + hard + soft + steal) / _TICKS)

    def others_share(self, ours: float) -> float:
        """The share of all processors that went to work which is not ours (seconds of CPU) since this moment."""
        later = Moment.now()
        possible = (later.at - self.at) * (os.cpu_count() or 1)
        return max(0.0, later.busy - self.busy - ours) / possible


def _version(command: list[str]) -> str:
    """The first line; empty when it is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def _first_match(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return ""
    return found[1].strip() if found else ""
