"""A gateway that receives: its port for other mail servers, a source, and a Maildir that stands for the application."""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.journeys.gateway import Gateway, let_in, make_gateway
from tests.journeys.peers.dns import Dns
from tests.journeys.peers.ground import Authority, free_port, is_listening, wait_until
from wardmail.edges.clock import SystemClock
from wardmail.model.arrival import Arrival, ArrivalState
from wardmail.store.connection import Database
from wardmail.store.inbox import ArrivalSearch, Inbox

LETTERS = "letters@trust.example"
ZONE = {
    "example": [
        'nhs TXT "v=spf1 ip4:127.0.0.1 -all"',
        'mail.nhs TXT "v=spf1 ip4:127.0.0.1 -all"',
        '_dmarc.nhs TXT "v=DMARC1; p=reject"',
    ]
}


def letter(number: int = 1, text: bytes = b"Please see attached.\r\n") -> bytes:
    return (
        b"From: Ward <ward@nhs.example>\r\nTo: letters@trust.example\r\nSubject: a letter\r\n"
        b"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%d@nhs.example>\r\n\r\n%b" % (number, text)
    )


@dataclass
class Receiver:
    """`maildir` is where the application finds its mail."""

    gateway: Gateway
    port: int
    maildir: Path

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(Database(self.gateway.database, SystemClock()))

    def connect(self, *, tls: bool = True) -> smtplib.SMTP:
        client = smtplib.SMTP("localhost", self.port, local_hostname="mail.nhs.example", timeout=60)
        try:
            if tls:
                client.starttls(context=self.gateway.trust())
                client.ehlo()
        except BaseException:
            client.close()
            raise
        return client

    def bring(self, message: bytes, *to: str, sender: str = "ward@nhs.example") -> str:
        """As another mail server does; gives the ID."""
        with contextlib.closing(self.connect()) as client:
            assert client.mail(sender)[0] == 250
            for recipient in to or (LETTERS,):
                assert client.rcpt(recipient)[0] == 250
            code, reply = client.data(message)
        assert code == 250, reply
        return reply.decode().rpartition(" ")[2]

    def arrivals(self, *states: ArrivalState) -> list[Arrival]:
        return list(self.inbox.search(ArrivalSearch(states=states, limit=10_000)))

    def wait_for(self, arrival_id: str, state: ArrivalState, seconds: float = 30) -> Arrival:
        def is_there() -> bool:
            found = self.inbox.search(ArrivalSearch(arrival_id, limit=1))
            return bool(found) and found[0].state is state

        wait_until(is_there, f"{arrival_id} to be {state.value}: {self.gateway.log()[-2000:]}", seconds)
        return self.inbox.search(ArrivalSearch(arrival_id, limit=1))[0]

    def delivered(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.maildir / "new").glob("*"))]


def make_receiver(
    directory: Path,
    authority: Authority,
    dns: Dns,
    *,
    database: str = "",
    settings: Mapping[str, str] | None = None,
) -> Receiver:
    """Not started; takes mail for letters@trust.example."""
    port, maildir = free_port(), directory / "application"
    own = {"receive.listen": f"127.0.0.1:{port}", "delivery.nameservers": f"127.0.0.1:{dns.port}"}
    gateway = make_gateway(directory / "gateway", authority, database=database, settings=own | dict(settings or {}))
    gateway.do("route", "create", "sandbox", "--kind", "sandbox")
    let_in(gateway, "sandbox")
    gateway.do("source", "add", "letters", "--kind", "smtp", "--integration", "app", "--recipient", LETTERS)
    gateway.do("handover", "set", "app", "--kind", "maildir", "--directory", maildir)
    return Receiver(gateway, port, maildir)


@contextlib.contextmanager
def receiving(receiver: Receiver, workers: int = 1) -> Iterator[Receiver]:
    receiver.gateway.start(workers)
    try:
        wait_until(lambda: is_listening(receiver.port), "the receiver")
        yield receiver
    finally:
        receiver.gateway.kill()
