"""Messages and doubles that store and walk tests are made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from wardmail.model.address import Address
from wardmail.model.classification import Classification, Mark, Sensitivity
from wardmail.model.clue import clue_of, month_of
from wardmail.model.decision import Decision, Outcome, RuleHit
from wardmail.model.delivery import RecipientState
from wardmail.model.message import Body, Envelope, MemoryBody, Origin, Recipient, TlsSession
from wardmail.model.refusal import Unavailable
from wardmail.model.route import TlsLevel
from wardmail.model.stored import AcceptedMessage, AcceptedRecipient, Charge
from wardmail.ports.spool import BodySink

HEAD = b"From: app@trust.example\r\nTo: a@nhs.net\r\nSubject: plain\r\n"


class ReversingSealer:
    """Bytes reversed and bound to their context: enough to notice a seal that is opened in the wrong place."""

    def seal(self, parts: Sequence[bytes], context: bytes, group: str) -> bytes:
        return context + b"\0" + b"".join(parts)[::-1]

    def open(self, sealed: bytes, context: bytes) -> bytes:
        found, _, rest = sealed.partition(b"\0")
        if found != context:
            raise Unavailable("sealed content", "it belongs elsewhere")
        return rest[::-1]


class PlainBlinder:
    """Without a key: enough where nothing is looked for."""

    def blinded(self, terms: Sequence[str], at: float) -> Sequence[int]:
        return [clue_of(month_of(at), hashlib.sha256(term.encode()).digest()) for term in terms]

    def blinded_ever(self, terms: Sequence[str]) -> Sequence[Sequence[int]]:
        return []


class NoSpool:
    def open_sink(self, message_id: str) -> BodySink:
        raise AssertionError("nothing here is large")

    def open_body(self, name: str, key: bytes) -> Body:
        raise AssertionError("nothing here is large")

    def names(self, *, older_than: float) -> Sequence[str]:
        return ()

    def remove(self, name: str) -> None:
        raise AssertionError("nothing here is large")


def decision(outcome: Outcome = Outcome.DELIVER, route: str | None = "relay") -> Decision:
    return Decision(outcome, route, TlsLevel.VERIFIED, because=(RuleHit("route", "SEND-2", "it goes by the route"),))


def accepted(
    message_id: str = "M1",
    *,
    to: Sequence[str] = ("a@nhs.net",),
    state: RecipientState = RecipientState.ACCEPTED,
    due_at: float | None = 100.0,
    received_at: float = 100.0,
    expires_at: float = 1e9,
    notice_at: float | None = None,
    charges: tuple[Charge, ...] = (),
    lease_owner: str | None = None,
    body: bytes = b"Hello\r\n",
) -> AcceptedMessage:
    recipients = []
    for n, text in enumerate(to):
        local, _, domain = text.partition("@")
        recipient = Recipient(Address(local, domain), frozenset({"FAILURE"}), "rfc822;x")
        recipients.append(AcceptedRecipient(n, recipient, decision(), 0, state, due_at))
    return AcceptedMessage(
        id=message_id,
        origin=Origin("demo", "demo", "192.0.2.1", "app", "smtp", TlsSession("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
        envelope=Envelope(Address("app", "trust.example"), tuple(r.recipient for r in recipients), "HDRS", "e1", True),
        classification=Classification(Sensitivity.OFFICIAL, (Mark(Sensitivity.OFFICIAL, "integration default"),)),
        policy_version="built-in-1",
        received_at=received_at,
        expires_at=expires_at,
        notice_at=notice_at,
        heads=(HEAD,),
        body=MemoryBody((body,)),
        recipients=tuple(recipients),
        charges=charges,
        lease_owner=lease_owner,
    )
