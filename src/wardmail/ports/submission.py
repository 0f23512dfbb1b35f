"""What a listener asks for each step of a dialogue with an application."""

from __future__ import annotations

from typing import Protocol

from wardmail.model.address import Address
from wardmail.model.identity import Identity
from wardmail.model.integration import Credential
from wardmail.model.message import Envelope, Submission
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal


class SubmissionDesk(Protocol):
    """What a listener asks for each step of a dialogue. Only `accept` waits; the others answer from memory.

    Any of them may raise Unavailable, which the listener answers with 451 (or 454 for authentication).
    """

    def new_message_id(self) -> str: ...

    def now(self) -> float:
        """When it is, by the clock that the whole gateway goes by."""
        ...

    def authenticate(self, username: str, secret: str, peer: str) -> Identity | Refusal: ...

    def credential(self, username: str) -> Credential | None:
        """For SCRAM: the stored keys of a user name, or None (the listener then runs the exchange with a decoy)."""
        ...

    def by_certificate(self, thumbprint: bytes) -> Credential | None:
        """Whose client certificate it is, by its SHA-256; nobody's when two credentials have it."""
        ...

    def admit(self, credential: Credential, peer: str) -> Identity | Refusal:
        """After a proof: is the credential in date, allowed from this address, its integration active?"""
        ...

    def check_sender(self, identity: Identity, sender: Address | None, declared_size: int) -> Refusal | None: ...

    def check_recipient(self, identity: Identity, envelope: Envelope, recipient: Address) -> Refusal | None:
        """`envelope` holds what was accepted so far in this transaction."""
        ...

    async def accept(self, submission: Submission) -> Accepted | Refusal:
        """Returns after the commit: an Accepted message survives a power cut."""
        ...
