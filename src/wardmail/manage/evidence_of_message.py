"""One message's evidence as a page for people and as a record for programs (SEC-1, SEC-4): never a subject or a body."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wardmail.manage.document_text import Grid, Page, Pairs, Section
from wardmail.manage.evidence_tables import moment
from wardmail.manage.status_words import WORDS
from wardmail.model.message_evidence import ChainedEvent, MessageEvidence, MessageRecord
from wardmail.model.stored import StoredRecipient
from wardmail.model.timestamp import rfc3339

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
        Section("The message", (Pairs(about),)),
        Section("What was decided for each recipient", tuple(map(_decision, record.copies))),
        Section("Connections and receipts", _attempts(record.events)),
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
        "taken_at": rfc3339(evidence.at),
        "integration": origin.integration_id,
        "received_at": rfc3339(message.received_at),
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
            "at": rfc3339(head.at),
            "signed": head.signed_bytes.decode(),
            "key": head.key,
            "signature": head.signature,
        },
    }


def _decision(copy: StoredRecipient) -> Pairs:
    decision = copy.decision
    rules = "; ".join(f"{hit.sentence} ({hit.rule}, {hit.source})" for hit in decision.because)
    return Pairs(
        (
            ("To", str(copy.recipient.address)),
            ("Decided", decision.outcome.value),
            ("Because of these rules", rules),
            ("Route", decision.route or "none"),
            ("TLS required", decision.tls.name.lower()),
            ("Status", WORDS.get(copy.state.value, copy.state.value)),
            ("Last word", copy.last_reply),
        )
    )


def _attempts(events: Sequence[ChainedEvent]) -> tuple[Pairs | str, ...]:
    return tuple(_attempt(each, detail) for each, detail in _made(events)) or ("None.",)


def _attempt(each: ChainedEvent, detail: Mapping[str, Any]) -> Pairs:
    required, achieved, version, cipher = detail["tls"]
    return Pairs(
        (
            ("When", moment(each.at)),
            ("Recipient", f"number {detail['n']}"),
            ("Receiver", str(detail["host"])),
            ("TLS", f"{required.lower()} required, {achieved.lower()} achieved"),
            ("Connection", " ".join(filter(None, (version, cipher, detail["proof"])))),
            ("What the receiver said", f"{detail['outcome']}: {detail['reply']}"),
        )
    )


def _links(events: Sequence[ChainedEvent]) -> Grid | str:
    rows = tuple(
        (f"{each.seq}", f"{each.before} {each.hash}", "yes" if each.fits else "NO: it was changed") for each in events
    )
    return _grid(("Event", "Hash before it, and its own", "Fits"), rows)


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
        "updated_at": rfc3339(copy.updated_at),
    }


def _attempt_record(each: ChainedEvent, detail: Mapping[str, Any]) -> dict[str, object]:
    required, achieved, version, cipher = detail["tls"]
    return {
        "at": rfc3339(each.at),
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
        "at": rfc3339(each.at),
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
