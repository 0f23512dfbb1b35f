"""Makes the message that a program described, once; from then on its octets are carried as they are."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from wardmail.model.address import Address
from wardmail.protocol.address import InvalidAddress, parse_address
from wardmail.web.api.problem import Problem
from wardmail.web.api.schema import Message


def composed(message: Message) -> bytes:
    """With CRLF line ends. Bcc recipients are in the envelope alone."""
    made = EmailMessage(policy=SMTP)
    made["From"] = message.sender
    made["To"] = ", ".join(message.to)
    if message.cc:
        made["Cc"] = ", ".join(message.cc)
    if message.reply_to:
        made["Reply-To"] = str(parsed(message.reply_to, "/reply_to"))
    made["Subject"] = message.subject
    if message.classification:
        made["Wardmail-Classification"] = message.classification
    if message.reference:
        made["Wardmail-Reference"] = message.reference
    if message.time_critical:
        made["Wardmail-Urgency"] = "time-critical"
    made.set_content(message.text, cte="quoted-printable")
    if message.html is not None:
        made.add_alternative(message.html, subtype="html", cte="quoted-printable")
    for each in message.attachments:
        kind, _, subtype = each.content_type.partition("/")
        made.add_attachment(each.content, maintype=kind, subtype=subtype, filename=each.filename)
    return made.as_bytes()


def parsed(text: str, pointer: str) -> Address:
    """Raises Problem (422) that points to the address."""
    address = parse_address(text)
    if isinstance(address, InvalidAddress):
        wrong = {"pointer": pointer, "detail": address.reason}
        raise Problem(422, "WM-ADDRESS", "An address cannot be used", "Mend the address: see errors.", [wrong])
    return address
