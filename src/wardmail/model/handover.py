"""How what came in reaches its application: one record for each integration, and what one attempt came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wardmail.model.route import TlsMode
from wardmail.model.verdict import Wishes


class HandoverKind(StrEnum):
    PULL = "pull"
    MAILDIR = "maildir"
    WEBHOOK = "webhook"
    SMTP = "smtp"
    LMTP = "lmtp"
    IMAP = "imap"
    REPORTS = "reports"


@dataclass(frozen=True, slots=True)
class Handover:
    """`secret_ref` is the log-in's; `signing_refs` are webhook secrets, newest first: two while one replaces another.

    `recipients` replace those of the envelope for SMTP and LMTP; none: the envelope's. `socket` is LMTP's on this machine.
    REPORTS is for what others report about our domains: the gateway reads it itself, and no application is told.
    `allow_private`: the webhook may be at an address that is not public. `quarantine_days`: how long people may decide.
    """

    integration: str
    kind: HandoverKind = HandoverKind.PULL
    directory: str = ""
    url: str = ""
    signing_refs: tuple[str, ...] = ()
    allow_private: bool = False
    host: str = ""
    port: int = 0
    tls_mode: TlsMode = TlsMode.STARTTLS
    ca_file: str | None = None
    username: str = ""
    secret_ref: str = ""
    socket: str = ""
    recipients: tuple[str, ...] = ()
    folder: str = "INBOX"
    quarantine_days: int = 30
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What an application is given. `id` stays the same for every try: it is the key by which a repetition is told.

    `summary` is what webhooks carry: what was proved and found, no text of the message. `attempts`: how often it may
    have been given before.
    """

    id: str
    sender: str
    recipients: tuple[str, ...]
    message: bytes
    received_at: float
    summary: Mapping[str, object]
    attempts: int = 0
    author_domain: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """The application's side has it. `receipt` is its word."""

    receipt: str


@dataclass(frozen=True, slots=True)
class NotTaken:
    """`permanent`: to try again is no use, a person must look. `why` is in words without content."""

    why: str
    permanent: bool = False
