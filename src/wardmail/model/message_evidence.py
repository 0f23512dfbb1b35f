"""What proves how one message was dealt with: decisions, connections, receipts and events; never a subject or a body."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.audit import SignedHead
from wardmail.model.stored import StoredMessage, StoredRecipient


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """One line of the audit. `detail` is its JSON as it was hashed; `before` the hash of the event before it, in hex.

    `fits`: worked out again from these fields, the hash is the one that is stored.
    """

    seq: int
    at: float
    kind: str
    actor: str
    subject: str
    detail: str
    before: str
    hash: str
    fits: bool


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """`size` in octets, with the header as it was first sent."""

    message: StoredMessage
    size: int
    copies: tuple[StoredRecipient, ...]
    events: tuple[ChainedEvent, ...]


@dataclass(frozen=True, slots=True)
class MessageEvidence:
    """`head` is the audit's when it was taken, signed."""

    hostname: str
    software: str
    by: str
    at: float
    record: MessageRecord
    head: SignedHead
