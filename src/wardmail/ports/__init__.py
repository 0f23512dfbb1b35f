"""Everything that the walks ask of the outside world, by subject."""

from wardmail.ports.keys import Sealer, Secrets, Signer, SigningKey
from wardmail.ports.logins import Logins, Passwords, PeopleBook, PersonRecords, SecondFactors, SecurityKeys, SpentProofs
from wardmail.ports.provider import IdentityProvider, ProviderLogins
from wardmail.ports.queue import Holds, Queue
from wardmail.ports.reading import (
    ArrivalRecords,
    GivenReplies,
    HeldRecords,
    HoldBook,
    MessageRecords,
    Notices,
    WebhookRecords,
)
from wardmail.ports.receiving import Arrivals, HandoverCourier, Mailbox, ReceptionDesk, Scanner, SeenItems
from wardmail.ports.services import Cmdb, Courier, LaterFailures, Outbox, Returns, WebhookPoster
from wardmail.ports.spool import BodySink, Spool
from wardmail.ports.submission import SubmissionDesk
from wardmail.ports.telling import EndpointPoster, WaitingMail, Webhooks
from wardmail.ports.world import Clock, Resolver

__all__ = [
    "ArrivalRecords",
    "Arrivals",
    "BodySink",
    "Clock",
    "Cmdb",
    "Courier",
    "EndpointPoster",
    "GivenReplies",
    "HandoverCourier",
    "HeldRecords",
    "HoldBook",
    "Holds",
    "IdentityProvider",
    "LaterFailures",
    "Logins",
    "Mailbox",
    "MessageRecords",
    "Notices",
    "Outbox",
    "Passwords",
    "PeopleBook",
    "PersonRecords",
    "ProviderLogins",
    "Queue",
    "ReceptionDesk",
    "Resolver",
    "Returns",
    "Scanner",
    "Sealer",
    "SecondFactors",
    "Secrets",
    "SecurityKeys",
    "SeenItems",
    "Signer",
    "SigningKey",
    "SpentProofs",
    "Spool",
    "SubmissionDesk",
    "WaitingMail",
    "WebhookPoster",
    "WebhookRecords",
    "Webhooks",
]
