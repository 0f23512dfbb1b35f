"""The messages that a new sandbox begins with: sent as an application and other mail servers send, so each page has some."""

from __future__ import annotations

import logging
import smtplib
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from wardmail.app.sandbox import Sandbox
from wardmail.app.sandbox_records import DEMO, LETTERS, SENDER
from wardmail.edges.sandbox_acts import SIMULATOR_DOMAIN
from wardmail.edges.sandbox_names import FORGED

_log = logging.getLogger(__name__)
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Letter:
    subject: str
    to: tuple[str, ...]
    text: str = "This is an example; nobody is meant by it.\n"
    fields: tuple[tuple[str, str], ...] = ()
    sender: str = SENDER
    attachment: tuple[str, bytes] | None = None

    def as_message(self) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, ", ".join(self.to), self.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        for name, value in self.fields:
            message[name] = value
        message.set_content(self.text)
        if self.attachment is not None:
            name, content = self.attachment
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        return message


def _at(*locals_: str) -> tuple[str, ...]:
    return tuple(f"{each}@{SIMULATOR_DOMAIN}" for each in locals_)


_SENSITIVE = (("Wardmail-Classification", "official-sensitive"),)
_URGENT = (*_SENSITIVE, ("Wardmail-Urgency", "time-critical"))
_PLACES = ("leeds", "york", "bath", "derby", "truro", "exeter")


def _sent() -> Iterator[_Letter]:
    """What the application sends: a copy in each state, and one recipient that is unlike the others of its message."""
    for number, place in enumerate(_PLACES, 1):
        yield _Letter(f"Clinic list {number}", (f"clinic@{place}.nhs.uk",))
        yield _Letter(f"Appointment letter {number}", (f"records@{place}.gov.uk", f"gp{number}@nhs.net"))
        yield _Letter(f"Discharge summary {number}", (f"gp{number}@nhs.net",), fields=_SENSITIVE)
    yield _Letter("Care plan, by an agreement", ("matron@county-care.example",), fields=_SENSITIVE)
    yield _Letter("Query, whose agreement is not signed", ("shop@pharmacy.example",), fields=_SENSITIVE)
    yield _Letter("Referral", ("clinic@unknown.example", "gp@nhs.net"), fields=_SENSITIVE)
    yield _Letter("Blood result", ("ward@unknown.example",), fields=_URGENT)
    yield _Letter("Held for a person", _at("held"))
    yield _Letter("Address with a mistake", _at("bounce"))
    yield _Letter("Some arrive, some do not", _at("bounce", "relay", "full"))
    yield _Letter("Newsletter", _at("relay"))
    yield _Letter("Full mailbox", _at("full"))
    yield _Letter("Comes later", _at("delay"))
    yield _Letter("Their certificate has expired", _at("tlsfail"))
    yield _Letter("Their scanner says no", _at("virus"))


def _received() -> Iterator[_Letter]:
    """What other mail servers bring: letters, one that pretends to be from somebody else, one with a program in it."""
    for number in range(1, 4):
        yield _Letter(f"Re: clinic list {number}", (LETTERS,), sender="secretary@ward.example")
    yield _Letter("Your account is closed", (LETTERS,), sender=f"bank@{FORGED}")
    program = ("letter.exe", b"MZ" + bytes(600))
    yield _Letter("Please see attached", (LETTERS,), sender="supplier@ward.example", attachment=program)


def send_examples(sandbox: Sandbox) -> None:
    """In a thread: the gateway that takes them runs in this very process."""
    threading.Thread(target=_send, args=(sandbox,), name="sandbox-examples", daemon=True).start()


def _send(sandbox: Sandbox) -> None:
    trust = ssl.create_default_context(cafile=str(sandbox.certificate.authority))
    try:
        with smtplib.SMTP("localhost", sandbox.ports.submission, "app.example", _SECONDS) as application:
            application.starttls(context=trust)
            application.login(DEMO, DEMO)
            _hand_in(application, tuple(_sent()))
        with smtplib.SMTP("localhost", sandbox.ports.receiving, "mail.ward.example", _SECONDS) as server:
            server.starttls(context=trust)
            _hand_in(server, tuple(_received()))
    except (OSError, smtplib.SMTPException) as error:
        _log.warning("event=examples_not_sent error=%s", type(error).__name__)


def _hand_in(client: smtplib.SMTP, letters: Sequence[_Letter]) -> None:
    """One that is refused is an example too."""
    for letter in letters:
        try:
            client.send_message(letter.as_message(), letter.sender, letter.to)
        except smtplib.SMTPResponseException as refusal:
            _log.info("event=example_refused code=%d", refusal.smtp_code)
        except smtplib.SMTPRecipientsRefused:
            _log.info("event=example_refused")
