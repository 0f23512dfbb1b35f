"""Everything that the walks ask of the outside world, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.address import Address
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.identity import Identity
from wardmail.model.integration import Credential
from wardmail.model.message import Body, Envelope, Submission
from wardmail.model.question import Answer, Question
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.route import Route


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...


class Resolver(Protocol):
    async def answer(self, question: Question) -> Answer:
        """Never raises: what cannot be answered is `Unknown`."""
        ...


class Secrets(Protocol):
    def reveal(self, reference: str) -> bytes:
        """The secret behind `keystore:NAME`, `file:PATH`, `env:NAME` or `credential:NAME`.

        Raises Unavailable when the reference cannot be read; the message names the reference, never the secret.
        """
        ...


class SigningKey(Protocol):
    """A DKIM key. `algorithm` is `rsa-sha256` or `ed25519-sha256`."""

    @property
    def domain(self) -> str: ...

    @property
    def selector(self) -> str: ...

    @property
    def algorithm(self) -> str: ...

    def sign(self, data: bytes) -> bytes:
        """The raw signature over `data` (RFC 6376 section 3.3, RFC 8463 section 3); hashing is the key's affair."""
        ...


class Signer(Protocol):
    def keys_for(self, domain: str) -> Sequence[SigningKey]:
        """The active keys of exactly this sender domain; empty when it has none."""
        ...


class BodySink(Protocol):
    """Where a large body goes while it arrives. All three methods may block: call them from a thread."""

    def write(self, data: bytes) -> None: ...

    def finish(self) -> Body:
        """Flush to stable storage and return what can be read back. Raises Unavailable; then nothing is kept."""
        ...

    def discard(self) -> None: ...


class Spool(Protocol):
    def open_sink(self, message_id: str) -> BodySink:
        """Raises Unavailable when there is no room."""
        ...


class SubmissionDesk(Protocol):
    """What a listener asks for each step of a dialogue. Only `accept` waits; the others answer from memory.

    Any of them may raise Unavailable, which the listener answers with 451 (or 454 for authentication).
    """

    def new_message_id(self) -> str: ...

    def authenticate(self, username: str, secret: str, peer: str) -> Identity | Refusal: ...

    def credential(self, username: str) -> Credential | None:
        """For SCRAM: the stored keys of a user name, or None (the listener then runs the exchange with a decoy)."""
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


class Courier(Protocol):
    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        """One attempt for every recipient of the consignment: exactly one result for each, never an exception."""
        ...

    async def close(self) -> None:
        """Say QUIT on idle connections, and let go."""
        ...
