"""What a courier is given, and what it brings back."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.address import Address
from wardmail.model.delivery import AttemptOutcome, AttemptTls
from wardmail.model.message import Body
from wardmail.model.route import TlsLevel


@dataclass(frozen=True, slots=True)
class ConsignedRecipient:
    """One recipient row. `id` is the row's; `notify` and `orcpt` are passed on to a DSN-speaking peer (RFC 3461)."""

    id: int
    address: Address
    notify: frozenset[str] = frozenset()
    orcpt: str | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Consignment:
    """One SMTP transaction's worth: recipients of one message that share bytes, route and required TLS.

    `head` ends in CRLF, without the blank line. `tls` is the least the connection must achieve before MAIL is sent.
    """

    message_id: str
    route: str
    sender: Address | None
    recipients: tuple[ConsignedRecipient, ...]
    head: bytes
    body: Body
    tls: TlsLevel
    ret: str | None = None
    envid: str | None = None
    eight_bit: bool = False
    smtputf8: bool = False
    require_tls: bool = False
    integration_id: str = ""
    sensitive: bool = False
    received_at: float = 0.0
    bulk: bool = False
    username: str = ""

    @property
    def size(self) -> int:
        """Octets as RFC 1870 counts them: with the blank line, before dot-stuffing."""
        return len(self.head) + 2 + self.body.size


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What came of one recipient in one attempt. `host` is who we spoke to (empty when nobody answered)."""

    recipient_id: int
    outcome: AttemptOutcome
    tls: AttemptTls
    host: str = ""
    seconds: float = 0.0
