"""One message's evidence as a page for people and as a record for programs (SEC-1, SEC-4): never a subject or a body."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from wardmail.manage.document_text import Grid, Page, Pairs, Section
from wardmail.manage.evidence_tables import moment
from wardmail.manage.status_words import WORDS
from wardmail.model.message_evidence import ChainedEvent, MessageEvidence, MessageRecord
from wardmail.model.stored import StoredRecipient

_HOW_HASHED = (
    "Each hash is SHA-256 over the hash before it and seven fields: number, time, kind, message, subject of the event, actor, "
    "detail; each as UTF-8 with its length in front, in four octets, the highest first."
)


def page_of(evidence: MessageEvidence) -> Page:
    head = evidence.head
    signed = Pairs(
        (
            ("Audit", f"{head.seq}:{head.hash}"),
            ("Signed", f"{moment(head.at)}, with the key {head.key}"),
            ("Signature", head.signature),
        )
    )
    return Page(
        f"Evidence of the message {evidence.record.message.id}",
        f"{evidence.hostname}. What was decided, how it went, and the record of it. Nothing of what it says is shown.",
        (*sections_of(evidence.record), Section("The end of the audit when this was taken", (signed,))),
        f"Made by {evidence.by} on {moment(evidence.at)} with {evidence.software}.",
    )


def sections_of(record: MessageRecord) -> tuple[Section, ...]:
    """What every document about one message says of it."""
    message, origin = record.message, record.message.origin
    marks = "; ".join(dict.fromkeys(mark.source for mark in message.classification.marks))
    about = (
        ("Queue ID", message.id),
        ("Integration", origin.integration_id or "the gateway itself"),
        ("Handed in", f"{moment(message.received_at)} by {origin.via}, as {origin.username}"),
        ("Connection", f"{origin.tls.version} {origin.tls.cipher}" if origin.tls else ""),
        ("Classification", f"{message.classification.level.label}, from {marks}"),
        ("Policy", f"version {message.policy_version}"),
        ("Size", f"{record.size:,} octets"),
    )
    return (
        Section("The message", (Pairs(about), _decisions(record.copies))),
        Section("Connections and receipts", (_attempts(record.events),)),
        happened(record.events),
        Section("How the events hang together", (_HOW_HASHED, _links(record.events))),
    )


def happened(events: Sequence[ChainedEvent]) -> Section:
    rows = tuple(
        (moment(each.at), each.kind, each.actor, "; ".join(f"{k} {v}" for k, v in json.loads(each.detail).items()))
        for each in events
    )
    return Section("What happened to it", (_grid(("When", "What", "By", "Detail"), rows),))


def record_of(evidence: MessageEvidence) -> dict[str, object]:
    """Names are as the API has them elsewhere; times are RFC 3339 in UTC, but for `hashed_at`, which is as it was hashed."""
    record, head = evidence.record, evidence.head
    message, origin = record.message, record.message.origin
    return {
        "id": message.id,
        "gateway": evidence.hostname,
        "software": evidence.software,
        "taken_by": evidence.by,
        "taken_at": _rfc3339(evidence.at),
        "integration": origin.integration_id,
        "received_at": _rfc3339(message.received_at),
        "via": origin.via,
        "username": origin.username,
        "tls": {"version": origin.tls.version, "cipher": origin.tls.cipher} if origin.tls else None,
        "classification": message.classification.level.label,
        "marks": [mark.source for mark in message.classification.marks],
        "policy": message.policy_version,
        "size": record.size,
        "recipients": [_recipient(each) for each in record.copies],
        "attempts": [_attempt_record(each, detail) for each, detail in _made(record.events)],
        "events": [_event(each) for each in record.events],
        "audit": {
            "head": f"{head.seq}:{head.hash}",
            "at": _rfc3339(head.at),
            "signed": head.signed_bytes.decode(),
            "key": head.key,
            "signature": head.signature,
        },
    }


def _decisions(copies: Sequence[StoredRecipient]) -> Grid:
    rows = tuple(
        (
            str(each.recipient.address),
            WORDS.get(each.state.value, each.state.value),
            each.decision.outcome.value,
            each.decision.route or "none",
            each.decision.tls.name.lower(),
            "; ".join(f"{hit.sentence} ({hit.rule}, {hit.source})" for hit in each.decision.because),
            each.last_reply,
        )
        for each in copies
    )
    return Grid(("To", "Status", "Decided", "Route", "TLS required", "Because of these rules", "Last word"), rows)


def _attempts(events: Sequence[ChainedEvent]) -> Grid | str:
    rows = tuple(
        (
            moment(each.at),
            str(detail["n"]),
            str(detail["host"]),
            f"{detail['tls'][0].lower()} required, {detail['tls'][1].lower()} achieved",
            " ".join(filter(None, (detail["tls"][2], detail["tls"][3], detail["proof"]))),
            f"{detail['outcome']}: {detail['reply']}",
        )
        for each, detail in _made(events)
    )
    return _grid(("When", "Recipient", "Receiver", "TLS", "Connection", "What the receiver said"), rows)


def _links(events: Sequence[ChainedEvent]) -> Grid | str:
    rows = tuple(
        (str(each.seq), each.kind, each.before, each.hash, "yes" if each.fits else "NO: it was changed")
        for each in events
    )
    return _grid(("Event", "What", "Hash before it", "Its hash", "Fits"), rows)


def _made(events: Sequence[ChainedEvent]) -> Iterable[tuple[ChainedEvent, Mapping[str, Any]]]:
    return [(each, json.loads(each.detail)) for each in events if each.kind == "AttemptMade"]


def _recipient(copy: StoredRecipient) -> dict[str, object]:
    decision = copy.decision
    return {
        "recipient_no": copy.n,
        "to": str(copy.recipient.address),
        "status": copy.state.value,
        "outcome": decision.outcome.value,
        "route": decision.route,
        "tls_required": decision.tls.name.lower(),
        "protections": sorted(each.value for each in decision.protections),
        "because": [{"rule": hit.rule, "source": hit.source, "sentence": hit.sentence} for hit in decision.because],
        "last_reply": copy.last_reply,
        "updated_at": _rfc3339(copy.updated_at),
    }


def _attempt_record(each: ChainedEvent, detail: Mapping[str, Any]) -> dict[str, object]:
    required, achieved, version, cipher = detail["tls"]
    return {
        "at": _rfc3339(each.at),
        "recipient_no": detail["n"],
        "outcome": detail["outcome"],
        "host": detail["host"],
        "tls_required": required.lower(),
        "tls_achieved": achieved.lower(),
        "tls_version": version,
        "tls_cipher": cipher,
        "proof": detail["proof"],
        "receipt": detail["reply"],
        "event": each.seq,
    }


def _event(each: ChainedEvent) -> dict[str, object]:
    return {
        "seq": each.seq,
        "at": _rfc3339(each.at),
        "hashed_at": repr(each.at),
        "type": each.kind,
        "actor": each.actor,
        "subject": each.subject,
        "detail": json.loads(each.detail),
        "hashed_detail": each.detail,
        "hash_before": each.before,
        "hash": each.hash,
        "fits": each.fits,
    }


def _grid(headings: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Grid | str:
    return Grid(headings, rows) if rows else "None."


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
