"""Reads bounces (RFC 3464, and what older servers send instead) and complaints (RFC 5965), and believes none of them."""

from __future__ import annotations

import re
from binascii import Error as BinasciiError
from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message
from itertools import islice

from wardmail.model.returned import IncomingReport, ReportedRecipient, ReportKind

LARGEST = 1024 * 1024
"""Octets that are read; what a report says stands at its beginning."""
MOST_PARTS = 40
MOST_RECIPIENTS = 200
_MOST_LINES = 4000

_OUR_ID = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{18}(?![0-9A-Za-z])")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ADDRESS = re.compile(r"<?([^\s<>;,\"]{1,256}@[^\s<>;,\"]{1,255})>?")
_ABOUT = re.compile(r"^<([^<>\s]{1,256}@[^<>\s]{1,255})>\s?[:(]")
_COPY_BEGINS = re.compile(r"^-+ ?(?:Below this line is a copy|This is a copy of (?:the|your) message)", re.IGNORECASE)
_LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True)
class NotAReport:
    """Why it says nothing about a message of ours: a sentence for people that quotes nothing of it."""

    reason: str


def read_report(raw: bytes) -> IncomingReport | NotAReport:
    """Never raises, whatever it is given; time and memory stay within the budget."""
    raw = raw[:LARGEST]
    if raw.lower().count(b"boundary") > MOST_PARTS:
        return NotAReport("It has more parts than any report.")
    try:
        message = message_from_bytes(raw)
        parts = list(islice(message.walk(), MOST_PARTS))
        return _read(message, parts)
    except (RecursionError, LookupError, ValueError, AttributeError, TypeError):
        # The standard library's parser is lenient, but not with everything that somebody may think of.
        return NotAReport("It cannot be read as a message.")


def _read(message: Message, parts: list[Message]) -> IncomingReport | NotAReport:
    ids, envid = _identities(parts)
    feedback = next((part for part in parts if part.get_content_type() == "message/feedback-report"), None)
    if feedback is not None:
        return _complaint(feedback, ids, envid)
    recipients = tuple(islice(_from_status(parts), MOST_RECIPIENTS)) or tuple(
        islice(_from_words(message, parts), MOST_RECIPIENTS)
    )
    if not recipients:
        return NotAReport("It does not say that a message failed for good.")
    return IncomingReport(ReportKind.BOUNCE, recipients, ids, envid)


# -- complaints


def _complaint(part: Message, ids: frozenset[str], envid: str) -> IncomingReport | NotAReport:
    fields = _inner(part)
    kind = _text(fields.get("Feedback-Type")).lower()
    if kind not in ("abuse", "fraud", "other", "opt-out", "opt-out-list"):
        return NotAReport("It is a feedback report, but no complaint.")
    found = [_address(_text(value)) for value in fields.get_all("Original-Rcpt-To", [])]
    people = tuple(ReportedRecipient(each, "", "", f"complaint: {kind}") for each in found[:MOST_RECIPIENTS] if each)
    # Many senders of such reports leave the address out; who it was then follows from the message alone.
    return IncomingReport(
        ReportKind.COMPLAINT, people or (ReportedRecipient("", "", "", f"complaint: {kind}"),), ids, envid
    )


# -- bounces as RFC 3464 wants them


def _from_status(parts: list[Message]) -> Iterator[ReportedRecipient]:
    for part in parts:
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            for block in _blocks(part):
                if _text(block.get("Action")).lower() == "failed":
                    yield ReportedRecipient(
                        _address(_text(block.get("Original-Recipient"))),
                        _address(_text(block.get("Final-Recipient"))),
                        _status(_text(block.get("Status")), _text(block.get("Diagnostic-Code"))),
                        _text(block.get("Diagnostic-Code"))[:_LONGEST_WORDS],
                    )


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields of a delivery status; of one that is wrongly encoded too."""
    payload = part.get_payload()
    if isinstance(payload, list) and len(payload) > 1:
        yield from (each for each in payload if isinstance(each, Message))
        return
    inner = payload[0] if isinstance(payload, list) and payload else part
    if isinstance(inner, Message) and inner is not part:
        yield inner
    text = _decoded(inner) if isinstance(inner, Message) else ""
    if _text(part.get("Content-Transfer-Encoding")).lower() == "base64" and inner is not part:
        text = _from_base64(text)  # forbidden for this type, and sent all the same
    for block in re.split(r"\r?\n\r?\n", text)[:MOST_RECIPIENTS]:
        yield message_from_string(block.lstrip("\r\n"))


def _from_base64(text: str) -> str:
    try:
        return a2b_base64(text.encode("ascii", "replace")).decode("utf-8", "replace")
    except BinasciiError:
        return ""


def _status(status: str, diagnostic: str) -> str:
    """Some servers write 5.0.0 and say in their words what they mean."""
    stated = _STATUS.search(status)
    spoken = _STATUS.search(diagnostic)
    if spoken and (stated is None or stated[1] in ("5.0.0", "5.5.0")):
        return spoken[1]
    return stated[1] if stated else ""


# -- bounces in words


def _from_words(message: Message, parts: list[Message]) -> Iterator[ReportedRecipient]:
    """Exim and Gmail name the addresses in a field; qmail and old Postfix at the beginning of a paragraph."""
    lines = _first_text(parts).splitlines()[:_MOST_LINES]
    end = next((n for n, line in enumerate(lines) if _COPY_BEGINS.match(line)), len(lines))
    said = lines[:end]
    named = _text(message.get("X-Failed-Recipients"))
    if named:
        telling = next((line for line in said if (found := _STATUS.search(line)) and found[1][0] == "5"), "")
        status = _STATUS.search(telling)
        for each in _ADDRESS.findall(named)[:MOST_RECIPIENTS]:
            yield ReportedRecipient(each, "", status[1] if status else "", telling.strip()[:_LONGEST_WORDS])
        return
    for paragraph in "\n".join(said).split("\n\n"):
        about = _ABOUT.match(paragraph)
        status = _STATUS.search(paragraph)
        if about and status and status[1][0] == "5":
            yield ReportedRecipient(about[1], "", status[1], " ".join(paragraph.split())[:_LONGEST_WORDS])


# -- what message it is about


def _identities(parts: list[Message]) -> tuple[frozenset[str], str]:
    """IDs in our form from the envelope ID and from the header that is given back; never from free text."""
    words, envid = [], ""
    for part in parts:
        kind = part.get_content_type()
        if kind in ("message/delivery-status", "message/global-delivery-status", "message/feedback-report"):
            blocks = [_inner(part)] if kind == "message/feedback-report" else list(_blocks(part))[:1]
            for block in blocks:
                envid = envid or _text(block.get("Original-Envelope-Id"))
        elif kind in ("text/rfc822-headers", "message/rfc822", "message/global", "message/global-headers"):
            words += _identifying(_inner(part))
    words += _identifying(_copy_in_words(_first_text(parts)))
    ids = {found for word in [envid, *words] for found in _OUR_ID.findall(word)}
    return frozenset(islice(sorted(ids), 100)), envid


def _identifying(header: Message) -> list[str]:
    return [_text(value) for name in ("Received", "Message-ID") for value in header.get_all(name, [])[:50]]


def _copy_in_words(text: str) -> Message:
    lines = text.splitlines()[:_MOST_LINES]
    start = next((n for n, line in enumerate(lines) if _COPY_BEGINS.match(line)), len(lines))
    return message_from_string("\n".join(lines[start + 1 :]).lstrip("\n"))


def _inner(part: Message) -> Message:
    """The header that a part carries, nested or as text."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    return message_from_string(_decoded(part).lstrip("\r\n"))


def _first_text(parts: list[Message]) -> str:
    return next((_decoded(part) for part in parts if part.get_content_type() == "text/plain"), "").replace("\r\n", "\n")


def _decoded(part: Message) -> str:
    octets = part.get_payload(decode=True)
    return octets.decode("utf-8", "replace") if isinstance(octets, bytes) else str(part.get_payload() or "")


def _address(value: str) -> str:
    """From `rfc822; x@y`, `<x@y>` or bare."""
    found = _ADDRESS.search(value.partition(";")[2] or value)
    return found[1] if found else ""


def _text(value: object) -> str:
    return " ".join(str(value or "").split())
