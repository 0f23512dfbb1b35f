"""Couriers and consignments for journeys and contracts."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from tests.journeys.peers.dns import Dns
from wardmail.edges.connection_pool import ConnectionPool
from wardmail.edges.direct_courier import DirectCourier, DirectSettings
from wardmail.edges.dns import DnsResolver
from wardmail.edges.https import HttpsFetcher, WorldResolver
from wardmail.edges.oauth import TokenSource
from wardmail.edges.smtp_courier import SmtpCourier
from wardmail.edges.smtp_opening import SmtpOpener
from wardmail.edges.upstream import CourierSettings
from wardmail.edges.upstream_login import UpstreamLogin
from wardmail.edges.upstream_tls import UpstreamTls
from wardmail.model.address import Address
from wardmail.model.consignment import ConsignedRecipient, Consignment
from wardmail.model.message import MemoryBody
from wardmail.model.refusal import Unavailable
from wardmail.model.route import TlsLevel


class WallClock:
    def now(self) -> float:
        return time.time()


class KnownSecrets:
    """Secrets by reference, from a dict that a test may change."""

    def __init__(self, **secrets: bytes) -> None:
        self.secrets = secrets
        self.changed: dict[str, bytes] = {}
        """What the store holds by now, while the old value is still kept here."""

    def forget(self, reference: str) -> None:
        self.secrets |= self.changed

    def reveal(self, reference: str) -> bytes:
        try:
            return self.secrets[reference.removeprefix("keystore:")]
        except KeyError:
            raise Unavailable(f"secret {reference}", "unknown") from None


HEAD = (
    b"From: app@trust.example\r\nSubject: test\r\n"
    b"Message-ID: <1@trust.example>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
)

HASTY = CourierSettings("gateway.example", connect_timeout=5, reply_timeout=5, final_reply_timeout=5, idle_timeout=1)


def connection_pool(
    settings: CourierSettings = HASTY, secrets: KnownSecrets | None = None, oauth_ca: str | None = None
) -> ConnectionPool:
    clock, secrets = WallClock(), secrets or KnownSecrets()
    tls = UpstreamTls(clock)
    login = UpstreamLogin(secrets, TokenSource(secrets, clock, oauth_ca))
    return ConnectionPool(SmtpOpener(settings, tls, login), tls, settings.idle_timeout)


def smtp_courier(settings: CourierSettings = HASTY, secrets: KnownSecrets | None = None, oauth_ca: str | None = None):
    return SmtpCourier(connection_pool(settings, secrets, oauth_ca))


def direct_courier(dns: Dns, port: int, ca_file: str, https_port: int = 443, *, allow_loopback: bool = True):
    clock = WallClock()
    resolver = DnsResolver(clock, dns.nameservers, timeout=3)
    world = WorldResolver(resolver, HttpsFetcher(resolver, ca_file=ca_file, port=https_port, timeout=5))
    return DirectCourier(connection_pool(), world, clock, DirectSettings(port, allow_loopback))


def consignment(*recipients: str, **changes: Any) -> Consignment:
    consigned = tuple(
        ConsignedRecipient(number, Address(*recipient.rsplit("@", 1)))
        for number, recipient in enumerate(recipients or ("anna@sink.example",), start=1)
    )
    made = Consignment(
        message_id="01TEST",
        route="test",
        sender=Address("app", "trust.example"),
        recipients=consigned,
        head=HEAD,
        body=MemoryBody((b"Hello.\r\n.dotted\r\n",)),
        tls=TlsLevel.VERIFIED,
    )
    return replace(made, **changes)
