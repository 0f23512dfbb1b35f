"""What every peer stands on: free ports, a directory that its own user may enter, certificates, patience."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import trustme


def need(*binaries: str) -> None:
    """Skip the test, and say why, when a server is not installed."""
    missing = [binary for binary in binaries if shutil.which(binary, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def free_port(address: str = "127.0.0.1") -> int:
    for _ in range(50):
        with socket.socket() as probe:
            probe.bind((address, 0))
            port: int = probe.getsockname()[1]
        if port >= 20000:
            return port
    raise RuntimeError("no free port above 20000")


@contextmanager
def open_directory(name: str) -> Iterator[Path]:
    """A directory that other users may enter, as servers that drop their privileges must."""
    path = Path(tempfile.mkdtemp(prefix=f"wardmail-{name}-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} seconds for {what}")
        time.sleep(0.02)


def wait_for_more(count: Callable[[], int], what: str, seconds: float = 30.0, *, more: int = 1) -> None:
    """Until `count` has grown by at least `more` since the call."""
    before = count()
    wait_until(lambda: count() >= before + more, what, seconds)


def is_listening(port: int, address: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((address, port)) == 0


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class CertificateFilesOnDisk:
    ca: Path
    certificate: Path
    key: Path


class Authority:
    """A certificate authority for one test, written where servers can read it."""

    def __init__(self, directory: Path) -> None:
        self.ca = trustme.CA()
        self._directory = directory
        self.ca_file = directory / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.ca_file))

    def issue(self, *names: str, until: datetime | None = None) -> CertificateFilesOnDisk:
        issued = self.ca.issue_cert(*names, not_after=until)
        certificate, key = (self._directory / f"{names[0]}.{kind}" for kind in ("crt", "key"))
        issued.private_key_pem.write_to_path(str(key))
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems) + self.ca.cert_pem.bytes())
        return CertificateFilesOnDisk(self.ca_file, certificate, key)
