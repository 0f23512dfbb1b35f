"""Builds delivery status notifications: words for people, fields for programs, and the header of the message (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.address import Address
from wardmail.protocol.fields import date_field, field, message_id_field, rfc5322_date
from wardmail.protocol.headers import BadHeaders, HeaderBlock

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}").fullmatch
_LONGEST_QUOTE = 512
_PRIVATE = {b"bcc", b"resent-bcc", b"received", b"dkim-signature"}


class Action(StrEnum):
    """RFC 3464 section 2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one recipient. `diagnostic` is the server's own words, or ours; times in seconds since the epoch."""

    address: Address
    action: Action
    status: str
    diagnostic: str = ""
    is_peer_reply: bool = False
    remote_host: str = ""
    orcpt: str | None = None
    last_attempt_at: float | None = None
    retry_until: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`head` is the message's header block as sent; `body` only when the whole message may be returned."""

    reporting_host: str
    to: Address
    arrived_at: float
    fates: tuple[Fate, ...]
    head: bytes
    envid: str | None = None
    body: tuple[bytes, ...] | None = None


def build(report: Report, *, report_id: str, at: float) -> tuple[bytes, bytes]:
    """Header block and body of the notification, both with CRLF. `report_id` also makes the boundary."""
    boundary = f"=_{report_id}"
    action = report.fates[0].action
    parts = (_part("text/plain; charset=utf-8", _words(report)), *_machine_parts(report))
    opening = f"--{boundary}\r\n".encode()
    body = b"".join(opening + part for part in parts) + f"--{boundary}--\r\n".encode()
    head = b"".join(
        (
            field("From", f"Mail Delivery System <MAILER-DAEMON@{report.reporting_host}>"),
            field("To", f"<{report.to}>"),
            field("Subject", _SUBJECTS[action]),
            date_field(at),
            message_id_field(report_id, report.reporting_host),
            field("MIME-Version", "1.0"),
            field("Auto-Submitted", "auto-replied"),
            field("Content-Type", f'multipart/report; report-type=delivery-status; boundary="{boundary}"'),
            b"" if body.isascii() else _EIGHT_BIT,
        )
    )
    return head, body


def decode_xtext(text: str) -> str:
    """RFC 3461 section 4: `+3D` is `=`. Anything that could end a line is made visible instead."""
    return visible(_XTEXT.sub(lambda match: chr(int(match[1], 16)), text))


_SUBJECTS = {
    Action.FAILED: "Your message could not be delivered",
    Action.DELAYED: "Your message is delayed",
    Action.RELAYED: "Your message was handed on",
    Action.DELIVERED: "Your message was delivered",
}

_EIGHT_BIT = b"Content-Transfer-Encoding: 8bit\r\n"

_STATUS_OF = {Action.FAILED: "5.0.0", Action.DELAYED: "4.0.0", Action.RELAYED: "2.0.0", Action.DELIVERED: "2.0.0"}

_OPENINGS = {
    Action.FAILED: "Your message did not reach the recipients below, and is not tried any more.\r\n"
    "If it matters to somebody's care, tell them another way now.",
    Action.DELAYED: "Your message has not reached the recipients below yet. You need not send it again:\r\n"
    "it is still tried. If it is urgent, tell them another way now.",
    Action.RELAYED: "Your message was handed on to the next mail service, which does not report further.",
    Action.DELIVERED: "The server of the recipients below accepted your message.\r\n"
    "We cannot tell whether anyone has read it.",
}


def _words(report: Report) -> bytes:
    lines = [_OPENINGS[report.fates[0].action], ""]
    for fate in report.fates:
        lines.append(f"  {fate.address}")
        if fate.diagnostic:
            who = f"{visible(fate.remote_host) or 'The receiving server'} said" if fate.is_peer_reply else "Why"
            lines.append(f"    {who}: {visible(fate.diagnostic)}")
        if fate.retry_until is not None:
            lines.append(f"    It is tried until {rfc5322_date(fate.retry_until)}.")
    return "\r\n".join([*lines, "", "The technical details and the header of your message follow.", ""]).encode()


def _machine_parts(report: Report) -> Sequence[bytes]:
    international = any(not str(fate.address).isascii() for fate in report.fates)
    status_type = "message/global-delivery-status" if international else "message/delivery-status"
    status = b"\r\n".join([_message_fields(report), *(_recipient_fields(fate) for fate in report.fates)])
    original = _returned_head(report.head)
    utf8 = not original.isascii()
    if report.body is None:
        kind = "message/global-headers" if utf8 else "text/rfc822-headers"
        return _part(status_type, status), _part(kind, original)
    kind = "message/global" if utf8 else "message/rfc822"
    return _part(status_type, status), _part(kind, b"".join((original, b"\r\n", *report.body)))


def _message_fields(report: Report) -> bytes:
    lines = [field("Reporting-MTA", f"dns; {report.reporting_host}")]
    if report.envid:
        lines.append(field("Original-Envelope-Id", decode_xtext(report.envid)))
    lines.append(field("Arrival-Date", rfc5322_date(report.arrived_at)))
    return b"".join(lines)


def _recipient_fields(fate: Fate) -> bytes:
    lines = []
    if fate.orcpt:
        kind, _, value = fate.orcpt.partition(";")
        lines.append(field("Original-Recipient", f"{visible(kind)}; {decode_xtext(value)}"))
    address = str(fate.address)
    lines.append(field("Final-Recipient", f"{'rfc822' if address.isascii() else 'utf-8'}; {address}"))
    lines.append(field("Action", fate.action.value))
    lines.append(field("Status", fate.status if _STATUS(fate.status) else _STATUS_OF[fate.action]))
    if fate.remote_host:
        lines.append(field("Remote-MTA", f"dns; {visible(fate.remote_host)}"))
    if fate.diagnostic and fate.is_peer_reply:
        lines.append(field("Diagnostic-Code", f"smtp; {visible(fate.diagnostic)}"))
    if fate.last_attempt_at is not None:
        lines.append(field("Last-Attempt-Date", rfc5322_date(fate.last_attempt_at)))
    if fate.retry_until is not None:
        lines.append(field("Will-Retry-Until", rfc5322_date(fate.retry_until)))
    return b"".join(lines)


def _returned_head(head: bytes) -> bytes:
    """Without Bcc, our own trace and control fields: they tell the sender nothing, and others too much."""
    block = HeaderBlock.split(head)
    if isinstance(block, BadHeaders):
        return b""
    hidden = _PRIVATE | {name for name, _ in block.fields if name.startswith(b"wardmail-")}
    return block.without(hidden).raw


def _part(content_type: str, content: bytes) -> bytes:
    ending = b"" if content.endswith(b"\r\n") else b"\r\n"
    encoding = b"" if content.isascii() else _EIGHT_BIT
    return b"".join((field("Content-Type", content_type), encoding, b"\r\n", content, ending))


def visible(text: str) -> str:
    return _UNPRINTABLE.sub("?", text[:_LONGEST_QUOTE])
