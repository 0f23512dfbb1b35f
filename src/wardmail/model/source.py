"""A source: one named way in which mail comes in for exactly one integration (RECV-1, RECV-4, RECV-5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from ipaddress import ip_address, ip_network

from wardmail.model.mailbox import MailboxAccount


class SourceKind(StrEnum):
    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"
    GRAPH = "graph"
    EWS = "ews"


@dataclass(frozen=True, slots=True)
class PlainPeer:
    """An exception: peers of this network may speak without TLS, up to and including a day (RECV-1)."""

    network: str
    until: date
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class SmtpTerms:
    """`recipients` are addresses and whole domains (`@b.example`); `relays` CIDR blocks that alone may deliver (none = any)."""

    recipients: tuple[str, ...] = ()
    plain_peers: tuple[PlainPeer, ...] = ()
    relays: tuple[str, ...] = ()

    def admits(self, peer: str) -> bool:
        return not self.relays or any(is_within(peer, each) for each in self.relays)

    def exception_for(self, peer: str, today: date) -> PlainPeer | None:
        return next((each for each in self.plain_peers if today <= each.until and is_within(peer, each.network)), None)


@dataclass(frozen=True, slots=True)
class Source:
    """One record. `trusted_hop` names the upstream whose verdicts are believed, as it calls itself (RFC 8601 authserv-id)."""

    name: str
    integration: str
    kind: SourceKind
    smtp: SmtpTerms | None = None
    mailbox: MailboxAccount | None = None
    trusted_hop: str = ""
    paused: bool = False

    @property
    def is_collected(self) -> bool:
        return self.mailbox is not None

    @property
    def account_key(self) -> str:
        """What may belong to one integration only: the mailbox, whatever case it is written in; empty for SMTP."""
        if self.mailbox is None:
            return ""
        name = self.mailbox.username.lower()
        return name if "@" in name else f"{name} at {self.mailbox.host.lower()}"

    def with_pause(self, paused: bool) -> Source:
        return replace(self, paused=paused)


def is_within(peer: str, network: str) -> bool:
    """An IPv4 address in IPv6 clothes is what it is; what cannot be read is within nothing."""
    try:
        address, block = ip_address(peer.partition("%")[0]), ip_network(network, strict=False)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address) in block
