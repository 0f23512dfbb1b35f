"""What every measurement stands on: a directory on a real disk, free ports, certificates, patience."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from bench.message import typical_message

REPOSITORY = Path(__file__).resolve().parent.parent
WORK = REPOSITORY / "bench" / ".work"
GROUND = Path("/var/tmp")
"""It keeps its files over a restart and so is on a disk: a RAM disk would make every fsync free."""
PREFIX = "wardmail-bench-"

SENDER_DOMAIN = "perf.test"
SENDER = f"billing@{SENDER_DOMAIN}"
RECIPIENT = "user@dest.test"


@dataclass(frozen=True)
class Ground:
    """Files that all systems use. `directory` may be entered by servers that drop their privileges."""

    directory: Path
    authority: Path
    certificate: Path
    key: Path
    dkim_key: Path
    message: Path


@contextmanager
def prepared_ground() -> Iterator[Ground]:
    """Removed with everything in it at the end."""
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=GROUND))
    directory.chmod(0o755)
    ground = Ground(
        directory,
        directory / "authority.pem",
        directory / "server.pem",
        directory / "server.key",
        directory / "dkim.key",
        directory / "message-10k.eml",
    )
    try:
        _write_certificates(ground)
        _write_key(ground.dkim_key, rsa.generate_private_key(65537, 2048))
        ground.message.write_bytes(typical_message())
        yield ground
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def free_port() -> int:
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port >= 20000:
            return port
    raise RuntimeError("no free port above 20000")


def greets(port: int) -> bool:
    """Whether an SMTP server on this port has said 220."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(5)
            return connection.recv(64).startswith(b"220")
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0, pause: float = 0.02) -> None:
    """Raises TimeoutError that names `what`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} seconds for {what}")
        time.sleep(pause)


def fsync_ms(directory: Path, times: int = 40) -> float:
    """Milliseconds that this disk needs for a small write that lasts: the median."""
    path = directory / "fsync-probe"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    path.unlink()
    return sorted(taken)[times // 2] * 1e3


def _write_certificates(ground: Ground) -> None:
    """ECDSA P-256 for localhost, under an authority of our own, so that every system can verify the name."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Wardmail benchmark authority")])
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _builder(server_name, authority_name, server_key.public_key())
        .add_extension(names, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ground.authority.write_bytes(authority.public_bytes(pem))
    ground.certificate.write_bytes(server.public_bytes(pem) + authority.public_bytes(pem))
    _write_key(ground.key, server_key)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    """Readable by all: the peers read it under their own users, and it is worth nothing."""
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
