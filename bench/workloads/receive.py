"""RECEIVE: mail with an attachment of 24 kB, proved by SPF, DKIM and DMARC from a warm DNS cache, inspected, handed over."""

from __future__ import annotations

import base64
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import dkim
from cryptography.hazmat.primitives import serialization

from bench.accounting import Processes
from bench.ground import RECIPIENT, SENDER_DOMAIN, Ground, free_port, wait_until
from bench.load_tools import Load, Sent, send
from bench.name_server import answering
from bench.systems.system import Running, running
from bench.systems.wardmail import Wardmail

_SIZE = 24_000
_WARM_UP = 100
_SETTINGS = """
[receive]
listen = ["127.0.0.1:{port}"]
connections_per_address = 1000
connections_per_minute = 100000

[delivery]
nameservers = ["127.0.0.1:{dns}"]
"""


@dataclass(frozen=True)
class Receive:
    """Rates are messages a second; end to end is from the first connection to the last file in the application's Maildir.

    CPU is of the gateway, in milliseconds a message.
    """

    messages: int
    octets: int
    accepted_rate: float
    end_to_end_rate: float
    cpu_ms: float
    memory_mb: float
    p50_ms: float
    p99_ms: float


def measure_receive(ground: Ground, messages: int) -> Receive:
    """Raises RuntimeError when a message was not handed over, or its sender not proved."""
    letter = _signed_letter(ground)
    ground = replace(ground, message=ground.directory / "message-24k.eml")
    ground.message.write_bytes(letter)
    with _receiver(ground) as (system, server):
        _flow(ground, system, server, _WARM_UP)
        cpu_before = server.processes.cpu_seconds()
        began, sent = _flow(ground, system, server, messages)
        seconds = time.time() - began
        cpu = server.processes.cpu_seconds() - cpu_before
        _require_proved(system)
        return Receive(
            messages,
            len(letter),
            sent.rate,
            messages / seconds,
            cpu * 1e3 / messages,
            server.processes.memory_mb(),
            sent.mail_to_reply_ms["p50"],
            sent.mail_to_reply_ms["p99"],
        )


class Receiver(Wardmail):
    title = "Wardmail, receiving"

    def __init__(self, ground: Ground, dns_port: int) -> None:
        super().__init__(ground, free_port(), name="wardmail-receive")
        self.receiving_port = free_port()
        self.maildir = self._home / "application"
        self._dns_port = dns_port

    def install(self) -> None:
        super().install()
        with self.configuration.open("a") as file:
            file.write(_SETTINGS.format(port=self.receiving_port, dns=self._dns_port))
        self.run("source", "add", "letters", "--kind", "smtp", "--integration", "app", "--recipient", "@dest.test")
        self.run("handover", "set", "app", "--kind", "maildir", "--directory", str(self.maildir))

    def handed_over(self) -> int:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            query = "SELECT count(*) FROM arrival WHERE state = 'handed-over'"
            return int(connection.execute(query).fetchone()[0])

    @property
    def database(self) -> Path:
        return self._home / "data" / "wardmail.db"


@contextmanager
def _receiver(ground: Ground) -> Iterator[tuple[Receiver, Running]]:
    public = _public_key(ground)
    records = {
        SENDER_DOMAIN: "v=spf1 ip4:127.0.0.1 -all",
        f"_dmarc.{SENDER_DOMAIN}": "v=DMARC1; p=reject",
        f"bench._domainkey.{SENDER_DOMAIN}": f"v=DKIM1; k=rsa; p={public}",
    }
    with answering(records) as port:
        system = Receiver(ground, port)
        system.install()
        with running(_Installed(system), system.sink_port) as server:
            yield system, server


class _Installed:
    """A receiver that keeps what it was installed with, and greets on its port for other servers."""

    def __init__(self, system: Receiver) -> None:
        self.name, self.title, self.log = system.name, system.title, system.log
        self._system = system

    def missing(self) -> str:
        return self._system.missing()

    def install(self) -> None:
        return

    def stop(self) -> None:
        self._system.stop()

    def start(self, processes: Processes, sink_port: int) -> Running:
        assert sink_port == self._system.sink_port
        started = self._system.start_again(processes)
        return Running(started.name, self._system.receiving_port, "", processes)


def _flow(ground: Ground, system: Receiver, server: Running, messages: int) -> tuple[float, Sent]:
    before, began = system.handed_over(), time.time()
    sent = send(ground, server.port, "", Load(messages, sessions=20))
    wait_until(lambda: system.handed_over() >= before + messages, "all messages to be handed over", 120)
    return began, sent


def _signed_letter(ground: Ground) -> bytes:
    """Signed without the Message-ID, which the generator gives to each copy."""
    chance = random.Random(20251125)
    attachment = base64.encodebytes(b"%PDF-1.4\n" + chance.randbytes(15_500)).decode().rstrip()
    text = (
        (
            f"From: Billing <billing@{SENDER_DOMAIN}>\nTo: <{RECIPIENT}>\nSubject: your letter\n"
            "Date: Wed, 25 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\n"
            'Content-Type: multipart/mixed; boundary="outer-6d1f"\n\n'
            "--outer-6d1f\nContent-Type: text/plain; charset=utf-8\n\nPlease see the letter.\nYours sincerely\n\n"
            '--outer-6d1f\nContent-Type: application/pdf; name="letter.pdf"\n'
            'Content-Disposition: attachment; filename="letter.pdf"\nContent-Transfer-Encoding: base64\n\n'
            f"{attachment}\n--outer-6d1f--\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )
    signature = dkim.sign(
        text,
        b"bench",
        SENDER_DOMAIN.encode(),
        ground.dkim_key.read_bytes(),
        include_headers=[b"from", b"to", b"subject"],
    )
    return bytes(signature) + text


def _public_key(ground: Ground) -> str:
    private = serialization.load_pem_private_key(ground.dkim_key.read_bytes(), None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(private.public_key().public_bytes(serialization.Encoding.DER, form)).decode()


def _require_proved(system: Receiver) -> None:
    """A gateway that looks at nothing would be quick."""
    some = next((system.maildir / "new").iterdir()).read_bytes()
    for wanted in (b"spf=pass", b"dkim=pass", b"dmarc=pass", b"Wardmail-Verdict: accept"):
        if wanted not in some:
            raise RuntimeError(f"{wanted.decode()} is missing: {some[:600]!r}")
