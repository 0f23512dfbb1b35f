"""A named way out of the gateway: which upstream, how it is proved, and how fast it may be used (SEND-2, SEND-5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum


class RouteKind(StrEnum):
    SMARTHOST = "smarthost"
    NHSMAIL = "nhsmail"
    EXCHANGE_ONLINE = "exchange-online"
    DIRECT = "direct"
    SANDBOX = "sandbox"
    GOVUK_NOTIFY = "govuk-notify"


USER_FACING_KINDS = frozenset({RouteKind.NHSMAIL, RouteKind.EXCHANGE_ONLINE})
"""People's own mail services: mass mail never goes by one of them, whatever its record says (SEND-4)."""


class TlsMode(StrEnum):
    """How TLS begins: from the first byte (RFC 8314), or by STARTTLS (RFC 3207)."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"


class TlsLevel(IntEnum):
    """What a connection achieved, or must achieve, in rising order.

    VERIFIED: encrypted, and the peer's name proved (configured host with WebPKI, DANE, MTA-STS, or a pinned key).
    ENCRYPTED: TLS 1.2 or later with an approved suite, name not proved. NONE is enough only for an opportunistic route.
    """

    NONE = 0
    ENCRYPTED = 1
    VERIFIED = 2


class AuthMechanism(StrEnum):
    NONE = "none"
    PLAIN = "plain"
    LOGIN = "login"
    XOAUTH2 = "xoauth2"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The client-credentials grant (RFC 6749 section 4.4) that turns a secret into an access token."""

    token_endpoint: str
    client_id: str
    secret_ref: str
    scope: str


@dataclass(frozen=True, slots=True)
class Accreditation:
    """That the upstream meets DCB1596, who says so, and until when (SEC-2)."""

    standard: str
    evidence: str
    expires: date


@dataclass(frozen=True, slots=True)
class RouteLimits:
    """`None` means no ceiling. Connections are per worker process and host."""

    messages_per_minute: int | None = None
    recipients_per_day: int | None = None
    recipients_per_message: int = 100
    connections: int = 8
    messages_per_connection: int = 1000


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A new account or address is used a little more each day: on day n of `days`, that share of the day's ceiling."""

    begins: date
    days: int


@dataclass(frozen=True, slots=True)
class Route:
    """One record; looked up by name at each attempt, so that mending a route repairs mail already queued.

    `tls` is the least that every message needs; sensitive mail needs VERIFIED whatever a route says. `secure_tag` is
    the word that makes the upstream encrypt (NHSmail: `[secure]`). Secrets are references, as `keystore:NAME`.
    Routes with the same `account` share its ceilings. `template` is what GOV.UK Notify puts subject and body into.
    """

    name: str
    kind: RouteKind
    host: str = ""
    port: int = 587
    tls_mode: TlsMode = TlsMode.STARTTLS
    tls: TlsLevel = TlsLevel.VERIFIED
    ca_file: str | None = None
    auth: AuthMechanism = AuthMechanism.NONE
    username: str = ""
    secret_ref: str = ""
    oauth: OAuthClient | None = None
    limits: RouteLimits = field(default_factory=RouteLimits)
    accreditation: Accreditation | None = None
    secure_tag: str | None = None
    paused: bool = False
    user_facing: bool = False
    for_bulk: bool = False
    account: str = ""
    warm_up: WarmUp | None = None
    template: str = ""

    @property
    def is_user_facing(self) -> bool:
        return self.user_facing or self.kind in USER_FACING_KINDS

    @property
    def carries_bulk(self) -> bool:
        return self.for_bulk and not self.is_user_facing

    @property
    def account_key(self) -> str:
        """What the upstream counts by: a named account, else the log-in at its host, else this route alone."""
        if self.account:
            return self.account.lower()
        return f"{self.username}@{self.host}".lower() if self.username else f"route {self.name}"
