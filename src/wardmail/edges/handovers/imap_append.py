"""Hands over by APPEND into a folder of an IMAP mailbox; a repetition is told by our Message-Id field in that folder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from wardmail.edges.secret_threads import reveal_apart
from wardmail.edges.tls import verifying_context
from wardmail.model.handover import Handover, NotTaken, Parcel, Taken
from wardmail.ports import Secrets
from wardmail.protocol.raw_header import with_strict_lines

_SECONDS = 60.0
_WHOLE = 180.0

logging.getLogger("imapclient").setLevel(logging.WARNING)  # below that it writes down what is said


class ImapHandover:
    """Implements `ports.HandoverCourier`. TLS from the first octet, the server's name proved."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        password = (await reveal_apart(self._secrets, terms.secret_ref)).decode()
        try:
            async with asyncio.timeout(_WHOLE):
                return await asyncio.to_thread(_append, parcel, terms, password)
        except TimeoutError:
            return NotTaken("The IMAP server did not answer in time.")
        except (IMAPClientError, OSError, ValueError, EOFError, KeyError, IndexError, AssertionError) as error:
            return NotTaken(f"The IMAP server failed us ({type(error).__name__}).")

    async def close(self) -> None:
        return None


def _append(parcel: Parcel, terms: Handover, password: str) -> Taken | NotTaken:
    context = verifying_context(Path(terms.ca_file) if terms.ca_file else None)
    client = IMAPClient(terms.host, terms.port or 993, ssl_context=context, timeout=_SECONDS)
    try:
        client.login(terms.username, password)
        if not client.folder_exists(terms.folder):
            return NotTaken(f"The mailbox has no folder {terms.folder}.")
        if parcel.attempts:
            client.select_folder(terms.folder, readonly=True)
            if client.search(["HEADER", "Wardmail-Message-Id", parcel.id]):
                return Taken("from an earlier try")
        client.append(
            terms.folder, with_strict_lines(parcel.message), (), datetime.fromtimestamp(parcel.received_at, UTC)
        )
        return Taken(f"APPEND to {terms.folder}")
    finally:
        with contextlib.suppress(IMAPClientError, OSError, EOFError):
            client.logout()
