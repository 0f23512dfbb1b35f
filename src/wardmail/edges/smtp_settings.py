"""What an SMTP listener can be told: where to listen, how long to wait, how much to bear from one address."""

from __future__ import annotations

from dataclasses import dataclass, field

from wardmail.model.route import TlsMode
from wardmail.protocol.smtp_verbs import ServerTerms


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address and port. Port 0 takes any free one."""

    host: str
    port: int
    tls: TlsMode


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, except `slowest_rate` (octets a second, counted once `message_grace` is over)."""

    command: float = 300.0
    block: float = 180.0
    message_grace: float = 300.0
    slowest_rate: float = 1024.0
    handshake: float = 30.0
    before_login: float = 60.0
    before_greeting: float = 0.01
    farewell: float = 5.0


@dataclass(frozen=True, slots=True)
class PeerLimits:
    """Per address (IPv6: per /64) and worker process; None means no ceiling. Times in seconds."""

    connections: int | None = 200
    connections_per_minute: int | None = 3000
    failed_logins_per_user: int = 5
    failed_logins: int = 20
    failure_window: float = 600.0
    lockout: float = 600.0
    remembered_addresses: int = 10_000


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Sizes in octets. `memory_body` is the largest body kept in memory, `head` the largest header block."""

    endpoints: tuple[Endpoint, ...]
    terms: ServerTerms
    patience: Patience = field(default_factory=Patience)
    limits: PeerLimits = field(default_factory=PeerLimits)
    memory_body: int = 1024 * 1024
    head: int = 256 * 1024
