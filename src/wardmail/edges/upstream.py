"""Names one place to deliver to: the route, the server, and what TLS must prove about it."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.route import Route, TlsLevel, TlsMode
from wardmail.posture.dane import TlsaRecord


@dataclass(frozen=True, slots=True)
class TlsDemand:
    """`level` is the least to achieve. With `tlsa`, DANE proves the name (RFC 7672); else VERIFIED means WebPKI.

    `vouched_by` says what makes the name itself worth proving ("MTA-STS"); empty when the name is configured. With
    `is_tried` False, an offer of STARTTLS is passed over (only where nothing demands TLS).
    """

    level: TlsLevel
    ca_file: str | None = None
    tlsa: tuple[TlsaRecord, ...] = ()
    vouched_by: str = ""
    is_tried: bool = True


@dataclass(frozen=True, slots=True)
class Upstream:
    """`host` is the name to prove and to show; `address` is what to connect to (the same, or an IP address)."""

    route: Route
    host: str
    address: str
    port: int
    tls_mode: TlsMode
    tls: TlsDemand

    def __hash__(self) -> int:
        # Looked up for every message: a few fields tell upstreams apart well enough, equality does the rest.
        return hash((self.route.name, self.address, self.port))


@dataclass(frozen=True, slots=True)
class CourierSettings:
    """Seconds, and the name that we give in EHLO."""

    helo: str
    connect_timeout: float = 30.0
    reply_timeout: float = 300.0
    final_reply_timeout: float = 600.0
    idle_timeout: float = 10.0
