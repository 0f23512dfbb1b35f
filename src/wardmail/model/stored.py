"""What goes into the store for one message, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.classification import Classification
from wardmail.model.consignment import AttemptResult, ConsignedRecipient
from wardmail.model.decision import Decision
from wardmail.model.delivery import RecipientState
from wardmail.model.message import Body, Envelope, Origin, Recipient, SentAgain
from wardmail.model.retention import DEFAULT_DAYS
from wardmail.model.suppression import Suppression
from wardmail.model.traffic import Sighting, Verdict


@dataclass(frozen=True, slots=True)
class Charge:
    """What a message costs against one ceiling: at most `limit` units of `key` in any `window` seconds."""

    key: str
    amount: int
    limit: int
    window: int


@dataclass(frozen=True, slots=True)
class Full:
    """A ceiling is reached: nothing was used of it, and `until` is when there may be room again."""

    key: str
    until: float


@dataclass(frozen=True, slots=True)
class Alike:
    """The message is one of many: about so many people were sent the like of it. `certain`: its content was read."""

    people: int
    certain: bool


@dataclass(frozen=True, slots=True)
class AcceptedRecipient:
    """One recipient row as it is first stored. `variant` says which of the message's headers it is sent with.

    `facts` is JSON of what it was decided from, as `policy.facts_codec` writes it; empty for our own reports.
    """

    n: int
    recipient: Recipient
    decision: Decision
    variant: int
    state: RecipientState
    due_at: float | None
    facts: str = ""


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """One message, decided and transformed. `heads` are the header blocks as they will be sent, one for each variant.

    `lease_owner` is set when the storing process hands the message to its own couriers: others wait until `due_at`.
    `retention_days` is how long its content is kept after it came in; `terms` are what it can be found by meanwhile
    (`protocol.search_terms`). `footed`: its sender was put under its text (SHARE-15).
    """

    id: str
    origin: Origin
    envelope: Envelope
    classification: Classification
    policy_version: str
    received_at: float
    expires_at: float
    notice_at: float | None
    heads: tuple[bytes, ...]
    body: Body
    recipients: tuple[AcceptedRecipient, ...]
    charges: tuple[Charge, ...] = ()
    retention_days: int = DEFAULT_DAYS
    lease_owner: str | None = None
    bulk: bool = False
    sighting: Sighting | None = None
    terms: tuple[str, ...] = ()
    again: SentAgain | None = None
    footed: bool = False


@dataclass(frozen=True, slots=True)
class RecipientUpdate:
    """What one attempt changes in one recipient row, with the attempt itself for the record."""

    message_id: str
    n: int
    state: RecipientState
    attempts: int
    due_at: float | None
    result: AttemptResult | None = None
    why: str = ""
    integration_id: str = ""
    verdict: Verdict | None = None
    suppress: Suppression | None = None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the store gives it back, to be reported on, re-judged or shown.

    `content_until` is when the term of its content ends: longer where it still waits, or a legal hold keeps it.
    None once the content is gone.
    """

    id: str
    origin: Origin
    envelope: Envelope
    classification: Classification
    policy_version: str
    received_at: float
    expires_at: float
    bulk: bool = False
    content_until: float | None = None


@dataclass(frozen=True, slots=True)
class StoredRecipient:
    """One recipient row. `last_reply` is the peer's last word, or ours."""

    n: int
    recipient: ConsignedRecipient
    state: RecipientState
    decision: Decision
    variant: int
    due_at: float | None
    last_reply: str
    updated_at: float


@dataclass(frozen=True, slots=True)
class Released:
    """A held recipient that may go now: its new decision, and the header block that it is sent with."""

    n: int
    decision: Decision
    head: bytes
    due_at: float


@dataclass(frozen=True, slots=True)
class LateRecipient:
    """A waiting recipient that is past its expiry, or else past the time at which its sender is told of the delay."""

    message_id: str
    n: int
    expired: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit: what happened, to what, by whom, when, and why. `detail` holds no subject and no body."""

    kind: str
    at: float
    actor: str
    message_id: str | None
    subject: str
    detail: dict[str, object]
