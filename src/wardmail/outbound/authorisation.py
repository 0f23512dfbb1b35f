"""Stage 3: may this integration send as this sender, and name these people as authors? (SEND-6)"""

from __future__ import annotations

from wardmail.model.address import Address
from wardmail.model.integration import Integration
from wardmail.model.refusal import Refusal
from wardmail.protocol.address import InvalidAddress, parse_mailboxes
from wardmail.protocol.headers import HeaderBlock

NOT_ALLOWED_SENDER = Refusal(
    550,
    "5.7.1",
    "This integration may not send from this address; ask the mail team to add it",
    "WM-SENDER-NOT-ALLOWED",
)
NULL_SENDER_NOT_ALLOWED = Refusal(
    550,
    "5.7.1",
    "This integration may not send with an empty return address; give MAIL FROM an address",
    "WM-SENDER-NULL",
)


def may_send_as(integration: Integration, address: Address) -> bool:
    """An address is allowed by itself, or by its whole domain; never by a part of a domain."""
    full = str(address).lower()
    return full in integration.senders or f"@{address.domain}" in integration.senders


def check_sender(integration: Integration, sender: Address | None) -> Refusal | None:
    """MAIL FROM."""
    if sender is None:
        return None if integration.may_use_null_sender else NULL_SENDER_NOT_ALLOWED
    return None if may_send_as(integration, sender) else NOT_ALLOWED_SENDER


def check_authors(integration: Integration, block: HeaderBlock) -> Refusal | tuple[Address, ...]:
    """Every From mailbox and Sender must be allowed; returns the authors. Exactly one From (RFC 5322 section 3.6.2)."""
    duplicates = block.duplicates()
    if duplicates:
        names = ", ".join(name.decode("ascii", "replace").title() for name in duplicates)
        return _bad_header(f"These header fields may stand only once, and stand more often: {names}")
    written = block.get(b"from")
    if written is None:
        return _bad_header("The message has no From header field")
    authors = parse_mailboxes(written)
    if isinstance(authors, InvalidAddress) or not authors:
        reason = authors.reason if isinstance(authors, InvalidAddress) else "it names nobody"
        return _bad_header(f"The From header field cannot be read: {reason}")
    sender = _sender(block)
    if isinstance(sender, Refusal):
        return sender
    if len(authors) > 1 and not sender:
        return _bad_header("A From header field with several mailboxes needs a Sender header field")
    for address in (*authors, *sender):
        if not may_send_as(integration, address):
            return Refusal(
                550,
                "5.7.1",
                "This integration may not name this address in From or Sender; ask the mail team to add it",
                "WM-AUTHOR-NOT-ALLOWED",
            )
    return authors


def _sender(block: HeaderBlock) -> tuple[Address, ...] | Refusal:
    written = block.get(b"sender")
    if written is None:
        return ()
    sender = parse_mailboxes(written)
    if isinstance(sender, InvalidAddress) or len(sender) != 1:
        return _bad_header("The Sender header field must name exactly one mailbox")
    return sender


def _bad_header(public: str) -> Refusal:
    return Refusal(550, "5.6.0", public, "WM-HEADER-INVALID")
