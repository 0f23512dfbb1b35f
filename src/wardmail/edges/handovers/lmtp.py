"""Hands over by LMTP (RFC 2033): to a socket of this machine, or over TLS to a server whose name is proved."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from pathlib import Path

from wardmail.edges.handovers.addresses import sender_of, whom
from wardmail.edges.tls import verifying_context
from wardmail.model.address import Address
from wardmail.model.handover import Handover, NotTaken, Parcel, Taken
from wardmail.protocol.raw_header import with_strict_lines

_SECONDS = 60.0
_WHOLE = 300.0


class LmtpHandover:
    """Implements `ports.HandoverCourier`. One transaction for each recipient: the reply to the message is one's own."""

    def __init__(self, hostname: str) -> None:
        self._hostname = hostname

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        recipients = whom(parcel, terms)
        if not recipients:
            return NotTaken("Nobody is named to deliver it to: say --to.", permanent=True)
        try:
            async with asyncio.timeout(_WHOLE):
                return await asyncio.to_thread(self._deliver, parcel, recipients, terms)
        except TimeoutError:
            return NotTaken("The LMTP server did not answer in time.")
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return NotTaken(f"The LMTP server failed us ({type(error).__name__}).")

    async def close(self) -> None:
        return None

    def _deliver(self, parcel: Parcel, recipients: list[Address], terms: Handover) -> Taken | NotTaken:
        message = with_strict_lines(parcel.message)
        words = ""
        with self._connected(terms) as lmtp:
            for recipient in recipients:
                outcome = _one(lmtp, parcel, recipient, message)
                if isinstance(outcome, NotTaken):
                    return outcome
                words = outcome.receipt
        return Taken(words)

    def _connected(self, terms: Handover) -> smtplib.LMTP:
        if terms.socket:
            return smtplib.LMTP(terms.socket, 0, self._hostname, timeout=_SECONDS)
        lmtp = smtplib.LMTP(terms.host, terms.port or 24, self._hostname, timeout=_SECONDS)
        try:
            lmtp.starttls(context=_context(terms.ca_file))
        except BaseException:
            lmtp.close()
            raise
        return lmtp


def _one(lmtp: smtplib.LMTP, parcel: Parcel, recipient: Address, message: bytes) -> Taken | NotTaken:
    lmtp.ehlo_or_helo_if_needed()
    sender = sender_of(parcel)
    options = ["BODY=8BITMIME"] if not message.isascii() and lmtp.has_extn("8bitmime") else []
    code, words = lmtp.mail(str(sender) if sender else "", options)
    if code == 250:
        code, words = lmtp.rcpt(str(recipient))
    if code in (250, 251):
        code, words = lmtp.data(message)
    text = words.decode("ascii", "replace")[:200]
    if code == 250:
        return Taken(f"250 {text}")
    lmtp.rset()
    return NotTaken(f"The LMTP server says {code} {text}", permanent=500 <= code < 600)


def _context(ca_file: str | None) -> ssl.SSLContext:
    return verifying_context(Path(ca_file) if ca_file else None)
