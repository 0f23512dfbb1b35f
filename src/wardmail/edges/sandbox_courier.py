"""Keeps mail on this machine: delivered copies become files, and some addresses act out what goes wrong elsewhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from wardmail.edges.sandbox_acts import HOST, Stage, play
from wardmail.model.consignment import AttemptResult, ConsignedRecipient, Consignment
from wardmail.model.delivery import AttemptOutcome, AttemptTls, Deferred, Delivered, HandedOn
from wardmail.model.route import Route, TlsLevel


class SandboxCourier:
    """Implements `ports.Courier`. Files go to `directory/new`, mode 0600; beyond `keep` the oldest are removed."""

    def __init__(self, directory: Path, keep: int = 1000) -> None:
        self._stage = Stage(directory)
        self._new = directory / "new"
        self._keep = keep

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        results, chosen = [], await asyncio.to_thread(self._stage.current)
        for recipient in consignment.recipients:
            outcome = await play(recipient, chosen)
            is_taken = isinstance(outcome, Delivered | HandedOn)
            full = await asyncio.to_thread(self._keep_copy, consignment, recipient) if is_taken else None
            outcome, achieved = full or outcome, TlsLevel.VERIFIED if is_taken and not full else TlsLevel.NONE
            tls = AttemptTls(consignment.tls, achieved, proof="kept on this machine")
            results.append(AttemptResult(recipient.id, outcome, tls, HOST))
        return results

    async def close(self) -> None:
        return None

    def _keep_copy(self, consignment: Consignment, recipient: ConsignedRecipient) -> AttemptOutcome | None:
        """What to say instead when there is no room for it."""
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
        return None

    def _remove_oldest(self) -> None:
        kept = sorted(self._new.iterdir(), key=lambda path: path.name)
        for path in kept[: max(0, len(kept) - self._keep)]:
            path.unlink(missing_ok=True)
