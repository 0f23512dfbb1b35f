"""Everything that the walks ask of the outside world, by subject."""

from wardmail.ports.figures import Figures
from wardmail.ports.keys import Blinder, Sealer, Secrets, Signer, SigningKey
from wardmail.ports.logins import Logins, Passwords, PeopleBook, PersonRecords, SecondFactors, SecurityKeys, SpentProofs
from wardmail.ports.provider import IdentityProvider, ProviderLogins
from wardmail.ports.queue import Holds, Queue
from wardmail.ports.reading import (
    ArrivalRecords,
    ArrivalStories,
    GivenReplies,
    HeldRecords,
    HoldBook,
    KeptBack,
    MessageRecords,
    Notices,
    SourceRecords,
    Theatre,
    WebhookBook,
    WebhookRecords,
)
from wardmail.ports.receiving import Arrivals, HandoverCourier, Mailbox, ReceptionDesk, Scanner, SeenItems
from wardmail.ports.registering import AgreementBook, PolicyBook, RegisterBook
from wardmail.ports.services import Cmdb, Courier, LaterFailures, Outbox, Returns, WebhookPoster
from wardmail.ports.spool import BodySink, Spool
from wardmail.ports.submission import SubmissionDesk
from wardmail.ports.telling import EndpointPoster, WaitingMail, Webhooks
from wardmail.ports.world import Clock, Resolver, Spans

__all__ = [
    "AgreementBook",
    "ArrivalRecords",
    "ArrivalStories",
    "Arrivals",
    "Blinder",
    "BodySink",
    "Clock",
    "Cmdb",
    "Courier",
    "EndpointPoster",
    "Figures",
    "GivenReplies",
    "HandoverCourier",
    "HeldRecords",
    "HoldBook",
    "Holds",
    "IdentityProvider",
    "KeptBack",
    "LaterFailures",
    "Logins",
    "Mailbox",
    "MessageRecords",
    "Notices",
    "Outbox",
    "Passwords",
    "PeopleBook",
    "PersonRecords",
    "PolicyBook",
    "ProviderLogins",
    "Queue",
    "ReceptionDesk",
    "RegisterBook",
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
    "SourceRecords",
    "Spans",
    "SpentProofs",
    "Spool",
    "SubmissionDesk",
    "Theatre",
    "WaitingMail",
    "WebhookBook",
    "WebhookPoster",
    "WebhookRecords",
    "Webhooks",
]
