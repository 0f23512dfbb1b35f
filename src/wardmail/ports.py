"""Everything that the walks ask of the outside world, on one page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from wardmail.model.address import Address
from wardmail.model.cmdb import CmdbRefused, CmdbRow, Reconciled
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.hold import HeldCopy, Hold
from wardmail.model.identity import Identity
from wardmail.model.integration import Credential
from wardmail.model.message import Body, Envelope, Submission
from wardmail.model.question import Answer, Question
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.returned import Returned, SentCopy
from wardmail.model.route import Route
from wardmail.model.stored import (
    AcceptedMessage,
    Alike,
    Charge,
    Event,
    Full,
    LateRecipient,
    RecipientUpdate,
    Released,
    StoredMessage,
    StoredRecipient,
)
from wardmail.model.webhook import WebhookMessage


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

    def open_body(self, name: str) -> Body:
        """The body that a sink's `finish` returned under this name, in this or an earlier process."""
        ...

    def remove(self, name: str) -> None: ...

    def names(self, *, older_than: float) -> Sequence[str]:
        """Bodies last written before that time; what was left unfinished is removed on the way."""
        ...


class Sealer(Protocol):
    """Seals content at rest. `context` binds the sealed bytes to their place: opening them elsewhere fails."""

    def seal(self, parts: Sequence[bytes], context: bytes) -> bytes: ...

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises Unavailable when the key is gone or the bytes were changed."""
        ...


class Queue(Protocol):
    """Where messages are safe. Every method that writes returns after the commit or raises Unavailable."""

    async def put(self, message: AcceptedMessage, reports: Sequence[AcceptedMessage] = ()) -> Full | Alike | None:
        """None when stored; else nothing was: a ceiling is reached, or the message is one of too many alike."""
        ...

    async def note(self, event: Event) -> None:
        """One line in the audit about something that stored no message."""
        ...

    async def put_once(self, key: str, event: Event, messages: Sequence[AcceptedMessage] = ()) -> bool:
        """Tell something once for ever: False (and nothing stored) when any process has used this key before."""
        ...

    async def reopen(self, message_id: str, released: Sequence[Released], event: Event) -> bool:
        """Let held recipients go; False (and nothing changed) when one of them is not held any more."""
        ...

    async def record(self, updates: Sequence[RecipientUpdate], reports: Sequence[AcceptedMessage] = ()) -> None:
        """Write what attempts came to, and the reports about them, in one transaction."""
        ...

    async def lease(self, route: str, limit: int, now: float, until: float) -> Sequence[Consignment]:
        """Take up to `limit` recipients that are due on this route, for this process alone until `until`."""
        ...

    async def renew(self, consignments: Sequence[Consignment], until: float) -> None:
        """Keep what this process still has on its desk for longer; what is not leased to it is left as it is."""
        ...

    async def release(self, consignments: Sequence[Consignment], due_at: float) -> None:
        """Give a lease back unused."""
        ...

    async def take(self, charges: Sequence[Charge], now: float) -> float | None:
        """Use up some of a ceiling. None when there was room, else nothing was taken and this is when to ask again."""
        ...

    async def late(self, now: float, limit: int) -> Sequence[LateRecipient]:
        """Waiting recipients that are past their expiry, or whose sender is owed a delay notice."""
        ...

    async def notice_given(self, late: Sequence[LateRecipient]) -> None:
        """These senders were told of the delay, or nobody is to be told."""
        ...

    async def unreferenced(self, names: Sequence[str]) -> Sequence[str]:
        """Which of these spooled bodies no stored message refers to."""
        ...

    def take_back_leases(self) -> int:
        """Blocking, at start: what an earlier process of our name had on its desk is due now; how many that was."""
        ...

    async def load(self, message_id: str) -> tuple[StoredMessage, Sequence[StoredRecipient]] | None: ...

    async def read_content(self, message_id: str, variant: int) -> tuple[bytes, Body]:
        """The header block of one variant, and the body."""
        ...


class Holds(Protocol):
    """The tasks that held copies are. Every method that writes does so in one transaction, or raises Unavailable."""

    async def without_task(self, limit: int) -> Sequence[HeldCopy]: ...

    async def open(self, holds: Sequence[Hold]) -> None:
        """What has a task already keeps it."""
        ...

    async def due(self, now: float, limit: int) -> Sequence[Hold]:
        """Open tasks whose next alert or whose deadline has come."""
        ...

    async def alerted(
        self, holds: Sequence[Hold], notices: Sequence[AcceptedMessage], webhook: Sequence[WebhookMessage]
    ) -> None:
        """Keep `holds` as they are given (with their next level and time), and hand the alerts over, all or nothing."""
        ...

    async def end(self, hold: Hold, reports: Sequence[AcceptedMessage], event: Event) -> bool:
        """Give a held copy up by the clock; False when somebody decided a moment before."""
        ...

    async def close_settled(self, now: float) -> int:
        """Close the tasks of copies that are held no more; how many."""
        ...


class Outbox(Protocol):
    """What waits to be posted to a webhook; kept until it was taken, or given up after many tries."""

    async def due(self, now: float, limit: int) -> Sequence[WebhookMessage]: ...

    async def settle(self, message: WebhookMessage, *, again_at: float | None, outcome: str) -> None:
        """`again_at` None: it is not tried any more; `outcome` says how it went."""
        ...


class WebhookPoster(Protocol):
    async def post(self, message: WebhookMessage) -> str:
        """Empty when it was taken, else what went wrong, in words without content. Never raises."""
        ...


class Returns(Protocol):
    """What comes back about messages that are gone: bounces and complaints. Both methods block."""

    def sent_copies(self, ids: Collection[str], envid: str, addresses: Collection[str]) -> Sequence[SentCopy]:
        """Copies that really left, of messages with one of these IDs; or with that envelope ID, to these addresses."""
        ...

    def take(self, returned: Sequence[Returned], actor: str) -> Sequence[bool]:
        """Write it down in one transaction; for each, whether it was news."""
        ...


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


class Cmdb(Protocol):
    """A configuration management database. Each method raises Unavailable when it gives no answer that counts."""

    async def find(self, correlation: str) -> Sequence[CmdbRow]:
        """Records that it says carry this correlation ID; whether they do is the caller's to check."""
        ...

    async def read(self, sys_id: str) -> CmdbRow | None: ...

    async def reconcile(self, values: Mapping[str, str], correlation: str, *, commit: bool) -> Reconciled | CmdbRefused:
        """Identify and reconcile one record; without `commit`, only say what would come of it."""
        ...


class Courier(Protocol):
    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        """One attempt for every recipient of the consignment: exactly one result for each, never an exception."""
        ...

    async def close(self) -> None:
        """Say QUIT on idle connections, and let go."""
        ...
