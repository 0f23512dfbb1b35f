"""Writes MAIL and RCPT for one server: only parameters that it offers, and never a lesser form of the message."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.consignment import ConsignedRecipient, Consignment
from wardmail.model.delivery import Failed
from wardmail.model.message import MemoryBody
from wardmail.protocol.peer_features import PeerFeatures


@dataclass(frozen=True, slots=True)
class Needs:
    """What the message itself asks of a server."""

    eight_bit: bool
    smtputf8: bool
    require_tls: bool


def needs_of(consignment: Consignment) -> Needs:
    ascii_head = consignment.head.isascii()
    return Needs(
        eight_bit=consignment.eight_bit or not ascii_head or not _is_ascii_body(consignment),
        # A client may declare SMTPUTF8 and not use it; a server is only asked for what is used (RFC 6531 section 3.6).
        smtputf8=(consignment.smtputf8 and not ascii_head)
        or (consignment.sender is not None and consignment.sender.needs_smtputf8),
        require_tls=consignment.require_tls,
    )


def _is_ascii_body(consignment: Consignment) -> bool:
    body = consignment.body
    return not isinstance(body, MemoryBody) or all(part.isascii() for part in body.parts)


def refuse_message(consignment: Consignment, needs: Needs, features: PeerFeatures) -> Failed | None:
    """Why this server can never take the message, whoever it is for."""
    if features.size_limit and consignment.size > features.size_limit:
        return Failed(
            f"The message has {consignment.size} bytes and the server takes {features.size_limit}. Send it in parts.",
            status="5.3.4",
            error="WM-MESSAGE-TOO-LARGE",
        )
    if needs.require_tls and not features.require_tls:
        return Failed(
            "The message asks every server on its way to require TLS (REQUIRETLS); this server does not offer that.",
            status="5.7.30",
            error="WM-ROUTE-NO-REQUIRETLS",
        )
    if needs.smtputf8 and not features.smtputf8:
        return _no_smtputf8("The message has an address or header outside ASCII")
    if needs.eight_bit and not features.eight_bit:
        return Failed(
            "The message has 8-bit content and the server takes 7-bit only; re-coding it would break its signature.",
            status="5.6.3",
            error="WM-ROUTE-NO-8BITMIME",
        )
    return None


def refuse_recipient(recipient: ConsignedRecipient, features: PeerFeatures) -> Failed | None:
    if recipient.address.needs_smtputf8 and not features.smtputf8:
        return _no_smtputf8("The recipient's address is outside ASCII")
    return None


def _no_smtputf8(subject: str) -> Failed:
    why = f"{subject}, and the server does not offer SMTPUTF8."
    return Failed(why, status="5.6.7", error="WM-ROUTE-NO-SMTPUTF8")


def mail_command(consignment: Consignment, needs: Needs, features: PeerFeatures, smtputf8: bool) -> bytes:
    """`smtputf8` is True when the message or any recipient of this transaction needs it."""
    words = [f"MAIL FROM:<{consignment.sender or ''}>"]
    if features.size_limit is not None:
        words.append(f"SIZE={consignment.size}")
    if needs.eight_bit:
        words.append("BODY=8BITMIME")
    if smtputf8:
        words.append("SMTPUTF8")
    if needs.require_tls:
        words.append("REQUIRETLS")
    if features.dsn and consignment.ret:
        words.append(f"RET={consignment.ret}")
    # Ours where the sender has none: a report that comes back later names the message by it.
    envid = consignment.envid or (consignment.message_id if consignment.sender else None)
    if features.dsn and envid:
        words.append(f"ENVID={envid}")
    return _line(words)


def rcpt_command(recipient: ConsignedRecipient, features: PeerFeatures) -> bytes:
    words = [f"RCPT TO:<{recipient.address}>"]
    if features.dsn and recipient.notify:
        words.append(f"NOTIFY={','.join(sorted(recipient.notify))}")
    if features.dsn and recipient.orcpt:
        words.append(f"ORCPT={recipient.orcpt}")
    return _line(words)


def _line(words: list[str]) -> bytes:
    line = " ".join(words)
    # Addresses were checked when they were parsed; a line end here would be a command of the sender's making.
    if "\r" in line or "\n" in line or "\0" in line:
        raise ValueError("an address or parameter holds a line end")
    return line.encode() + b"\r\n"
