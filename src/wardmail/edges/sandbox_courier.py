"""Keeps mail on this machine: delivered copies become files, and some addresses act out what goes wrong elsewhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from wardmail.model.consignment import AttemptResult, ConsignedRecipient, Consignment
from wardmail.model.delivery import AttemptOutcome, AttemptTls, Deferred, Delivered, Failed, PeerReply
from wardmail.model.route import Route, TlsLevel

SIMULATOR_DOMAIN = "sandbox.invalid"
HOST = "sandbox.invalid"

_TAKEN = PeerReply(250, "2.0.0", "kept in the sandbox")
_DELAYS = 2


class SandboxCourier:
    """Implements `ports.Courier`. Files go to `directory/new`, mode 0600; beyond `keep` the oldest are removed."""

    def __init__(self, directory: Path, keep: int = 1000) -> None:
        self._new = directory / "new"
        self._keep = keep

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        results = []
        for recipient in consignment.recipients:
            outcome = _simulate(recipient)
            if isinstance(outcome, Delivered):
                outcome = await asyncio.to_thread(self._keep_copy, consignment, recipient)
            achieved = TlsLevel.VERIFIED if isinstance(outcome, Delivered) else TlsLevel.NONE
            tls = AttemptTls(consignment.tls, achieved, proof="kept on this machine")
            results.append(AttemptResult(recipient.id, outcome, tls, HOST))
        return results

    async def close(self) -> None:
        return None

    def _keep_copy(self, consignment: Consignment, recipient: ConsignedRecipient) -> AttemptOutcome:
        # The name sorts by age, as message IDs do, and says nothing about the recipient.
        path = self._new / f"{consignment.message_id}-{recipient.id}.eml"
        try:
            self._new.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"Return-Path: <%s>\r\n" % str(consignment.sender or "").encode())
                file.write(b"Delivered-To: %s\r\n" % str(recipient.address).encode())
                file.write(consignment.head + b"\r\n")
                file.writelines(consignment.body.chunks())
            self._remove_oldest()
        except OSError as error:
            why = f"The sandbox could not keep the message ({error.strerror})."
            return Deferred(why, error="WM-SANDBOX-FULL", status="4.3.1")
        return Delivered(_TAKEN)

    def _remove_oldest(self) -> None:
        kept = sorted(self._new.iterdir(), key=lambda path: path.name)
        for path in kept[: max(0, len(kept) - self._keep)]:
            path.unlink(missing_ok=True)


def _simulate(recipient: ConsignedRecipient) -> AttemptOutcome:
    if recipient.address.domain != SIMULATOR_DOMAIN:
        return Delivered(_TAKEN)
    match recipient.address.local.lower():
        case "bounce":
            reply = PeerReply(550, "5.1.1", "The email account that you tried to reach does not exist.")
            return Failed("The server refused it for good.", reply, status="5.1.1")
        case "delay" if recipient.attempts < _DELAYS:
            reply = PeerReply(452, "4.2.2", "The recipient's inbox is full. Please try again later.")
            return Deferred("The server asked to try again later.", reply, status="4.2.2")
        case "tlsfail":
            why = f"No trustworthy TLS with {HOST}: the receiver's certificate has expired."
            return Deferred(why, counts=False, error="WM-TLS-REFUSED", status="4.7.5")
        case _:
            return Delivered(_TAKEN)
