"""What the server core reports: one frozen event per step of a dialogue, and why there is none at the moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from wardmail.model.address import Address
from wardmail.protocol.reply import Reply


class Signal(Enum):
    """Why there is no event: more bytes are needed, a verdict is owed, or the dialogue is over."""

    NEED_DATA = "need data"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Hello:
    """EHLO or HELO. A verdict is owed; whatever transaction was open is gone."""

    name: str
    extended: bool


@dataclass(frozen=True, slots=True)
class StartTls:
    """A verdict is owed; after `accept` the next bytes belong to TLS."""


@dataclass(frozen=True, slots=True)
class AuthStart:
    """A verdict or a challenge is owed. `initial` is the decoded initial response, None when there was none."""

    mechanism: str
    initial: bytes | None


@dataclass(frozen=True, slots=True)
class AuthResponse:
    """The decoded answer to a challenge; a verdict or the next challenge is owed."""

    response: bytes


@dataclass(frozen=True, slots=True)
class MailFrom:
    """A verdict is owed. `sender` is None for `<>`; `size` is the declared size in octets, 0 when not declared."""

    sender: Address | None
    size: int = 0
    ret: str | None = None
    envid: str | None = None
    eight_bit: bool = False
    smtputf8: bool = False
    require_tls: bool = False


@dataclass(frozen=True, slots=True)
class RcptTo:
    """A verdict is owed."""

    address: Address
    notify: frozenset[str] = frozenset()
    orcpt: str | None = None


@dataclass(frozen=True, slots=True)
class BodyBegins:
    """A verdict is owed: DATA, or the first BDAT of a message (`chunked`)."""

    chunked: bool


@dataclass(frozen=True, slots=True)
class BodyChunk:
    """The next octets of the message, dots already un-stuffed."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BodyEnds:
    """The whole message has come and is well formed; a verdict is owed. `size` in octets."""

    size: int
    eight_bit: bool


@dataclass(frozen=True, slots=True)
class BodyRefused:
    """The message was faulty and has been answered: throw away what came of it."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Reset:
    """RSET, already answered: the transaction is gone."""


@dataclass(frozen=True, slots=True)
class Quit:
    """QUIT, already answered."""


@dataclass(frozen=True, slots=True)
class ProtocolFault:
    """The client broke the protocol and has been told; `closes` when the dialogue ends here."""

    reply: Reply
    closes: bool = False


Event = (
    Hello
    | StartTls
    | AuthStart
    | AuthResponse
    | MailFrom
    | RcptTo
    | BodyBegins
    | BodyChunk
    | BodyEnds
    | BodyRefused
    | Reset
    | Quit
    | ProtocolFault
)
