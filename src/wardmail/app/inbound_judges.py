"""Chooses what looks into mail that came in, and what judges it."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.app.installation import Installation
from wardmail.inbound.world import Inspector
from wardmail.model.arrival import Judgement
from wardmail.model.inspection import Inspection, ScanReport
from wardmail.model.refusal import Unavailable
from wardmail.model.sender import SenderEvidence
from wardmail.model.verdict import Action, Verdict, Wishes


class NobodyLooks:
    """No inspection is installed: everything is stored, and waits for one."""

    async def inspect(self, message: bytes, wishes: Wishes) -> Inspection:
        raise Unavailable("the inspection of content", "it is not installed")


def make_inspector(_installation: Installation) -> Inspector:
    return NobodyLooks()


def decide(sender: SenderEvidence, inspection: Inspection, scans: Sequence[ScanReport], wishes: Wishes) -> Verdict:
    return Verdict(Action.QUARANTINE, ("Nobody has looked into it.",))


def stripped(message: bytes, judgement: Judgement) -> bytes:
    return message
