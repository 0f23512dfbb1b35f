"""The message as the application gets it: what we proved and found on top, and nobody else's word in our name."""

from __future__ import annotations

import re

from wardmail.model.arrival import Arrival, Judgement
from wardmail.model.verdict import Action
from wardmail.protocol.authres import without_ours
from wardmail.protocol.fields import field, received_field
from wardmail.protocol.raw_header import cut_fields

PREFIX = b"wardmail-"
_UNFIT = re.compile(r"[^\x20-\x7e]")
_WORD = re.compile(r"(\S{200})(?=\S)")
_MOST_REASONS = 5


def as_handed_over(
    message: bytes,
    arrival: Arrival,
    judgement: Judgement,
    *,
    hostname: str,
    results: bytes = b"",
    removed: tuple[str, ...] = (),
) -> bytes:
    """`results` is the Authentication-Results field, with its line end; `removed` are names of what was taken out.

    The octets below our fields stay as they came.
    """
    of_envelope = arrival.via == "smtp"
    clean = cut_fields(message, lambda name, raw: _speaks_for_us(name, raw, hostname, of_envelope=of_envelope))
    taken_out = [field("Wardmail-Removed", plain(", ".join(removed)))] if removed else []
    return b"".join([_trace(arrival, hostname), results, *_found(arrival, judgement), *taken_out, clean])


def _speaks_for_us(name: bytes, raw: bytes, hostname: str, *, of_envelope: bool) -> bool:
    if name == b"return-path":
        return of_envelope
    if name == b"authentication-results":
        return not without_ours(((name, raw),), hostname)
    return name.startswith(PREFIX)


def _trace(arrival: Arrival, hostname: str) -> bytes:
    """Return-Path and Received, which the last of the way writes (RFC 5321 section 4.4); collected mail has them."""
    if arrival.via != "smtp":
        return b""
    protocol = "ESMTPS" if arrival.tls else "ESMTP"
    if arrival.smtputf8:
        protocol = "UTF8SMTPS" if arrival.tls else "UTF8SMTP"
    trace = received_field(
        helo=arrival.helo,
        peer=arrival.peer,
        host=hostname,
        message_id=arrival.id,
        at=arrival.received_at,
        protocol=protocol,
        tls=arrival.tls,
    )
    return f"Return-Path: <{arrival.sender}>\r\n".encode() + trace


def _found(arrival: Arrival, judgement: Judgement) -> list[bytes]:
    verdict, sender = judgement.verdict, judgement.sender
    ids = sorted({finding.id for finding in judgement.inspection.all_findings})
    fields = [
        field("Wardmail-Message-Id", arrival.id),
        field("Wardmail-Verdict", verdict.action.value),
        field("Wardmail-Signature-Acceptable", sender.signature_acceptable.value),
        field("Wardmail-Findings", ", ".join(ids) or "none"),
    ]
    if verdict.action is not Action.ACCEPT:
        fields += [field("Wardmail-Warning", plain(reason)) for reason in verdict.reasons[:_MOST_REASONS]]
    if judgement.scans:
        scans = "; ".join(f"{scan.scanner}={scan.outcome.value}" for scan in judgement.scans)
        fields.append(field("Wardmail-Scans", plain(scans)))
    if judgement.report:
        fields.append(field("Wardmail-Report", judgement.report))
    return fields


def plain(text: str) -> str:
    """A sentence as it may stand in a header field: printable ASCII, no word longer than a line."""
    return _WORD.sub(r"\1 ", _UNFIT.sub("?", text))[:900]
