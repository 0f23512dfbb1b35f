"""What GOV.UK Notify can carry of a message: the subject, and the plain text that its template is filled with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from wardmail.model.delivery import Failed
from wardmail.protocol.headers import BadHeaders, HeaderBlock

LARGEST = 2_000_000
"""Octets of a rendered e-mail that Notify takes."""
LARGEST_READ = 4 * LARGEST
"""Octets of a message that are read at all: HTML beside the text may be longer than the text."""
_MOST_PARTS = 50
_HTTPS = re.compile(rb"<(https://[!-;=?-~]{1,2000})>")


@dataclass(frozen=True, slots=True)
class Notification:
    """`unsubscribe` is the address of RFC 8058, empty when the message has none."""

    subject: str
    text: str
    unsubscribe: str = ""


def as_notification(head: bytes, body: bytes) -> Notification | Failed:
    """What cannot be carried whole is refused: a part that silently stays behind may be the one that matters."""
    block = HeaderBlock.split(head)
    if (
        isinstance(block, BadHeaders)
        or head.lower().count(b"boundary") + body.lower().count(b"boundary=") > _MOST_PARTS
    ):
        return _no("its structure cannot be read", "WM-NOTIFY-UNREADABLE")
    try:
        parts = list(message_from_bytes(head + b"\r\n" + body).walk())
        leaves = [part for part in parts if not part.is_multipart()]
        if len(leaves) != sum(1 for part in parts if part.get_content_maintype() != "multipart"):
            return _no("it has an attached message", "WM-NOTIFY-ATTACHMENT")
        text = _text_of(leaves)
    except (RecursionError, LookupError, ValueError, AttributeError, TypeError):
        return _no("its structure cannot be read", "WM-NOTIFY-UNREADABLE")
    if isinstance(text, Failed):
        return text
    subject = block.subject() or "(no subject)"
    if len(text.encode()) + len(subject.encode()) > LARGEST:
        return too_long()
    return Notification(subject, text, _unsubscribe(block))


def too_long() -> Failed:
    return _no(f"its text is longer than {LARGEST:,} octets", "WM-NOTIFY-SIZE", "5.3.4")


def _text_of(leaves: list[Message]) -> str | Failed:
    texts = []
    for part in leaves:
        kind = part.get_content_type()
        if (
            part.get_content_disposition() == "attachment"
            or part.get_filename()
            or part.get_content_maintype() != "text"
        ):
            return _no("it has an attachment", "WM-NOTIFY-ATTACHMENT")
        if kind == "text/plain":
            octets = part.get_payload(decode=True)
            texts.append(
                octets.decode(part.get_content_charset("utf-8"), "replace") if isinstance(octets, bytes) else ""
            )
        elif kind != "text/html":
            return _no("it has a part that is neither plain text nor HTML", "WM-NOTIFY-ATTACHMENT")
    if not any(text.strip() for text in texts):
        return _no("it has no plain text", "WM-NOTIFY-NO-TEXT")
    return "\n".join(texts).replace("\r\n", "\n").strip("\n")


def _unsubscribe(block: HeaderBlock) -> str:
    if block.get(b"list-unsubscribe-post") is None:
        return ""
    found = _HTTPS.search(block.get(b"list-unsubscribe") or b"")
    return found[1].decode("ascii") if found else ""


def _no(why: str, error: str, status: str = "5.6.1") -> Failed:
    return Failed(
        f"GOV.UK Notify sends plain text by a template, and cannot send this: {why}. Send it by another route.",
        status=status,
        error=error,
    )
