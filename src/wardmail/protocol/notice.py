"""Builds the short plain messages that the gateway itself writes to people about its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wardmail.model.address import Address
from wardmail.protocol.fields import date_field, field, message_id_field


@dataclass(frozen=True, slots=True)
class Notice:
    """`sender` stands in From alone; the envelope's is empty, so that nothing answers. `lines` are the text."""

    sender: str
    to: Sequence[Address]
    subject: str
    lines: Sequence[str]


def build(notice: Notice, *, notice_id: str, host: str, at: float) -> tuple[bytes, bytes]:
    """Header block and body, with CRLF throughout. Raises ValueError for a subject or sender that is no field."""
    body = "\r\n".join(["\r\n".join(line.splitlines()) for line in notice.lines]).encode() + b"\r\n"
    head = b"".join(
        (
            field("From", f"Wardmail <{notice.sender}>"),
            field("To", ", ".join(f"<{each}>" for each in notice.to)),
            field("Subject", notice.subject),
            date_field(at),
            message_id_field(notice_id, host),
            field("MIME-Version", "1.0"),
            field("Auto-Submitted", "auto-generated"),
            field("Content-Type", "text/plain; charset=utf-8"),
            b"" if body.isascii() else b"Content-Transfer-Encoding: 8bit\r\n",
        )
    )
    return head, body
