"""Builds a notice to a person: plain text, marked as automatic (RFC 3834), every line our own words."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.model.address import Address
from wardmail.protocol.dsn import visible
from wardmail.protocol.fields import date_field, field, message_id_field


def notice_mail(
    sender: str, to: Sequence[Address], subject: str, lines: Sequence[str], *, notice_id: str, host: str, at: float
) -> tuple[bytes, bytes]:
    """Header block and body. Characters that could end a line or hide something are made visible."""
    body = "".join(f"{visible(line)}\r\n" for line in lines).encode()
    head = b"".join(
        (
            field("From", f"Wardmail <{sender}>"),
            field("To", ", ".join(f"<{each}>" for each in to)),
            field("Subject", visible(subject)),
            date_field(at),
            message_id_field(notice_id, host),
            field("Auto-Submitted", "auto-generated"),
            field("MIME-Version", "1.0"),
            field("Content-Type", "text/plain; charset=utf-8"),
        )
    )
    return head, body
