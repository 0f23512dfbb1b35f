"""A mailbox at an upstream service that mail is collected from, and what lies in it (RECV-4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.route import OAuthClient


class MailboxKind(StrEnum):
    IMAP = "imap"
    POP3 = "pop3"
    GRAPH = "graph"
    EWS = "ews"


class Settlement(StrEnum):
    """What becomes of the upstream's copy once the application has acknowledged ours."""

    MOVE = "move"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class MailboxAccount:
    """TLS from the first byte always, with the name verified; there is no way to say otherwise (RECV-1).

    `oauth` set: log-in by token, else by the password behind `secret_ref`. For Graph and EWS `host` is the service's.
    `folder` is where mail is collected from, `done_folder` where it is moved to; POP3 has neither, and deletes.
    """

    kind: MailboxKind
    host: str
    port: int
    username: str
    secret_ref: str = ""
    oauth: OAuthClient | None = None
    ca_file: str | None = None
    folder: str = "INBOX"
    done_folder: str = "Wardmail"
    settlement: Settlement = Settlement.MOVE
    largest: int = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MailboxItem:
    """`key` names the message in this mailbox for as long as the service keeps its promise about names; `size` may lie."""

    key: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """`items` is all that lies in the folder; when not `whole`, only what has come since `cursor` was taken."""

    items: tuple[MailboxItem, ...]
    cursor: str = ""
    whole: bool = True


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The message has more octets than the account allows; it stays where it is, and a person must look."""

    key: str
    limit: int


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody took the message out of the mailbox before we could fetch it."""

    key: str
