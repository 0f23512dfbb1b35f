"""A private PostgreSQL server for tests: its own directory, a free port on loopback, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def postgres_binaries() -> Path | None:
    """The newest Debian-packaged server, or None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """Yields the URL of an empty database. The server refuses to run as root, so root becomes `postgres`."""
    binaries = postgres_binaries()
    assert binaries is not None
    directory = Path(tempfile.mkdtemp(prefix="wardmail-pg-"))
    port = free_port()
    become = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if become:
        shutil.chown(directory, "postgres")
    data = directory / "data"
    options = f"-k {directory} -c listen_addresses=127.0.0.1 -p {port} -c fsync=on -c max_connections=60"
    control = [*become, str(binaries / "pg_ctl"), "-D", str(data)]
    try:
        subprocess.run(
            [*become, str(binaries / "initdb"), "-D", str(data), "-U", "wardmail", "-A", "trust", "-E", "UTF8"],
            check=True,
            capture_output=True,
            cwd=directory,
        )
        subprocess.run(
            [
                *become,
                str(binaries / "pg_ctl"),
                "-D",
                str(data),
                "-o",
                options,
                "-w",
                "-l",
                str(directory / "log"),
                "start",
            ],
            check=True,
            capture_output=True,
            cwd=directory,
        )
        yield f"postgresql://wardmail@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*control, "-m", "immediate", "stop"],
            capture_output=True,
            cwd=directory,
        )
        shutil.rmtree(directory, ignore_errors=True)
