"""Rows to the house's own words and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Row

from wardmail.model.address import Address
from wardmail.model.classification import Classification, Mark, Sensitivity
from wardmail.model.consignment import AttemptResult, ConsignedRecipient
from wardmail.model.decision import Decision, Outcome, Protection, RuleHit
from wardmail.model.delivery import Ambiguous, Deferred, Delivered, Failed, HandedOn, PeerReply, RecipientState
from wardmail.model.message import Body, Envelope, Origin, Recipient, SpooledBody, TlsSession
from wardmail.model.refusal import Refusal
from wardmail.model.retention import A_DAY, kept_until, key_group
from wardmail.model.route import TlsLevel
from wardmail.model.stored import (
    AcceptedMessage,
    AcceptedRecipient,
    Event,
    RecipientUpdate,
    Released,
    StoredMessage,
    StoredRecipient,
)

NO_TLS = TlsSession("", "")


def message_row(message: AcceptedMessage) -> tuple[object, ...]:
    origin, envelope, tls = message.origin, message.envelope, message.origin.tls or NO_TLS
    return (
        message.id,
        origin.integration_id,
        origin.username,
        origin.via,
        origin.peer,
        origin.helo,
        tls.version,
        tls.cipher,
        str(envelope.sender) if envelope.sender else None,
        envelope.ret,
        envelope.envid,
        envelope.eight_bit + 2 * envelope.smtputf8 + 4 * envelope.require_tls + 8 * message.bulk,
        len(message.heads[0]) + 2 + message.body.size,
        int(message.classification.level),
        _marks_json(message.classification.marks),
        message.policy_version,
        message.received_at,
        message.expires_at,
        group_of(message),
        kept_until(message.received_at, message.retention_days),
    )


def recipient_row(message: AcceptedMessage, item: AcceptedRecipient) -> tuple[object, ...]:
    decision, address = item.decision, item.recipient.address
    waiting = item.due_at is not None
    return (
        message.id,
        item.n,
        item.variant,
        str(address),
        address.domain,
        ",".join(sorted(item.recipient.notify)),
        item.recipient.orcpt,
        decision.outcome.value,
        decision.route,
        int(decision.tls),
        ",".join(sorted(decision.protections)),
        _because_json(decision.because),
        int(decision.urgent),
        item.facts,
        item.state.value,
        0,
        item.due_at,
        message.lease_owner if waiting else None,
        message.notice_at,
        decision.refusal.public if decision.refusal else "",
        message.received_at,
    )


def released_row(released: Released, variant: int) -> dict[str, object]:
    decision = released.decision
    return {
        "variant": variant,
        "outcome": decision.outcome.value,
        "route": decision.route,
        "tls": int(decision.tls),
        "protections": ",".join(sorted(decision.protections)),
        "because": _because_json(decision.because),
        "state": RecipientState.ACCEPTED.value,
        "due_at": released.due_at,
        "updated_at": released.due_at,
        "last_reply": "",
    }


def accepted_event(message: AcceptedMessage) -> Event:
    """No address here: the audit outlives the content, and says only which domain and why."""
    detail: dict[str, object] = {
        "integration": message.origin.integration_id,
        "user": message.origin.username,
        "peer": message.origin.peer,
        "tls": message.origin.tls.version if message.origin.tls else "",
        "sensitivity": message.classification.level.label,
        "marks": [mark.source for mark in message.classification.marks],
        "policy": message.policy_version,
        "recipients": [
            [r.n, r.recipient.address.domain, r.decision.outcome.value, [hit.rule for hit in r.decision.because]]
            for r in message.recipients
        ],
        **({"footer": "added"} if message.footed else {}),
    }
    return Event("MessageAccepted", message.received_at, message.origin.username, message.id, "message", detail)


def first_events(message: AcceptedMessage) -> Sequence[Event]:
    """That it was accepted; and where it is another one sent once more, in the history of each which the other is."""
    again, accepted = message.again, accepted_event(message)
    if again is None:
        return (accepted,)
    told: dict[str, object] = {"reason": again.reason, "copies": len(message.recipients)}

    def of(message_id: str, other: dict[str, object]) -> Event:
        return Event("MessageSentAgain", message.received_at, again.by, message_id, "message", told | other)

    return accepted, of(again.first, {"again": message.id}), of(message.id, {"first": again.first})


def attempt_event(update: RecipientUpdate, at: float) -> Event:
    """The whole of an attempt, with the TLS that was required and achieved (SEC-1)."""
    detail: dict[str, object] = {"n": update.n, "state": update.state.value, "attempt": update.attempts}
    if update.why:
        detail["why"] = update.why
    result = update.result
    if result is None:
        return Event("RecipientChanged", at, "wardmail", update.message_id, f"recipient {update.n}", detail)
    detail |= {
        "outcome": type(result.outcome).__name__,
        "reply": reply_text(result),
        "host": result.host,
        "seconds": round(result.seconds, 4),
        "tls": [result.tls.required.name, result.tls.achieved.name, result.tls.version, result.tls.cipher],
        "proof": result.tls.proof,
    }
    if isinstance(result.outcome, Deferred | Failed):
        detail["error"] = result.outcome.error
    if update.due_at is not None:
        detail["next"] = update.due_at
    return Event("AttemptMade", at, "wardmail", update.message_id, f"recipient {update.n}", detail)


def reply_text(result: AttemptResult) -> str:
    """The peer's own words, else our own."""
    match result.outcome:
        case Delivered(reply) | HandedOn(reply):
            return _spoken(reply)
        case Deferred(why=why, reply=said) | Failed(why=why, reply=said):
            return _spoken(said) if said else why
        case Ambiguous(why):
            return why


def _spoken(reply: PeerReply) -> str:
    return " ".join(filter(None, (str(reply.code), reply.status, reply.text)))


def spooled_body(body: Body) -> SpooledBody | None:
    """By the flag, not by `isinstance`: that looks up every attribute of the protocol, for every message."""
    return cast(SpooledBody, body) if body.is_spooled else None


def group_of(message: AcceptedMessage) -> str:
    return group_at(message.received_at, message.retention_days)


def group_at(at: float, days: int) -> str:
    return _group(int(at // A_DAY), days)


@lru_cache(maxsize=256)
def _group(day: int, days: int) -> str:
    return key_group(day * A_DAY, days)


@lru_cache(maxsize=4096)
def _marks_json(marks: tuple[Mark, ...]) -> str:
    return json.dumps([[int(mark.level), mark.source] for mark in marks])


@lru_cache(maxsize=4096)
def _because_json(because: tuple[RuleHit, ...]) -> str:
    return json.dumps([[hit.rule, hit.source, hit.sentence] for hit in because])


def because_in_words(text: str) -> str:
    """The sentences of a stored `because`, each with the requirement behind it."""
    return "; ".join(f"{sentence} ({source})" for _, source, sentence in json.loads(text))


def parse_stored_address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(local, domain)


def stored_message(row: Row[Any]) -> StoredMessage:
    tls = TlsSession(row.tls_version, row.tls_cipher) if row.tls_version else None
    return StoredMessage(
        id=row.id,
        origin=Origin(row.integration_id, row.username, row.peer, row.helo, row.via, tls),
        envelope=Envelope(
            sender=parse_stored_address(row.sender) if row.sender else None,
            recipients=(),
            ret=row.ret,
            envid=row.envid,
            eight_bit=bool(row.flags & 1),
            smtputf8=bool(row.flags & 2),
            require_tls=bool(row.flags & 4),
        ),
        classification=Classification(
            Sensitivity(row.sensitivity), tuple(Mark(Sensitivity(m[0]), m[1]) for m in json.loads(row.marks))
        ),
        policy_version=row.policy_version,
        received_at=row.received_at,
        expires_at=row.expires_at,
        bulk=bool(row.flags & 8),
        content_until=None if row.data_key is None else row.content_until,
    )


def consigned_recipient(row: Row[Any]) -> ConsignedRecipient:
    notify = frozenset(row.notify.split(",")) if row.notify else frozenset[str]()
    return ConsignedRecipient(row.n, parse_stored_address(row.address), notify, row.orcpt, row.attempts)


def stored_recipient(row: Row[Any]) -> StoredRecipient:
    outcome = Outcome(row.outcome)
    refusal = Refusal(550, "5.7.1", row.last_reply, "") if outcome is Outcome.REFUSE else None
    protections = frozenset(Protection(word) for word in row.protections.split(",") if word)
    because = tuple(RuleHit(*hit) for hit in json.loads(row.because))
    decision = Decision(outcome, row.route, TlsLevel(row.tls), protections, because, refusal, bool(row.urgent))
    return StoredRecipient(
        row.n,
        consigned_recipient(row),
        RecipientState(row.state),
        decision,
        row.variant,
        row.due_at,
        row.last_reply,
        row.updated_at,
    )


def as_recipient(row: ConsignedRecipient) -> Recipient:
    return Recipient(row.address, row.notify, row.orcpt)
