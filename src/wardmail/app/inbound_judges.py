"""Chooses what looks into mail that came in, and what judges it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wardmail.content.inspection import Context, inspect
from wardmail.inbound.verdict import verdict
from wardmail.inbound.world import Inspector
from wardmail.model.arrival import Judgement
from wardmail.model.inspection import Inspection, ScanReport
from wardmail.model.sender import SenderEvidence
from wardmail.model.verdict import Verdict, Wishes


class ThreadInspector:
    """Implements `inbound.world.Inspector` in a thread of this process."""

    async def inspect(self, message: bytes, wishes: Wishes) -> Inspection:
        context = Context(wishes.protected_names, wishes.own_domains)
        return await asyncio.to_thread(inspect, message, context)


def make_inspector() -> Inspector:
    return ThreadInspector()


def decide(sender: SenderEvidence, inspection: Inspection, scans: Sequence[ScanReport], wishes: Wishes) -> Verdict:
    return verdict(inspection, sender, scans, wishes)


def stripped(message: bytes, judgement: Judgement) -> bytes:
    return message
