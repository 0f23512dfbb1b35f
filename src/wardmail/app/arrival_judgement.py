"""What was proved and found about an arrival, for output; sentences name files and hosts, so they take a role."""

from __future__ import annotations

import asyncio
from typing import Any

from wardmail.app.inbound_wiring import open_receiving
from wardmail.app.installation import Installation
from wardmail.model.arrival import Judgement


def judgement_record(installation: Installation, arrival_id: str, *, sentences: bool) -> dict[str, Any]:
    """Empty when it has not been judged, or its content has ended."""

    async def read() -> Judgement | None:
        with open_receiving(installation) as receiving:
            return await receiving.world.arrivals.judgement(arrival_id)

    judgement = asyncio.run(read())
    return {} if judgement is None else as_record(judgement, sentences=sentences)


def as_record(judgement: Judgement, *, sentences: bool) -> dict[str, Any]:
    sender = judgement.sender
    found: dict[str, Any] = {
        "spf": sender.spf.result.value,
        "dkim": [f"{each.result.value} {each.domain}" for each in sender.dkim],
        "dmarc": sender.dmarc.result.value,
        "arc": sender.arc.result.value,
        "signature_acceptable": sender.signature_acceptable.value,
        "scans": [f"{scan.scanner} {scan.outcome.value}" for scan in judgement.scans],
    }
    if sentences:
        found |= {
            "reasons": list(judgement.verdict.reasons),
            "signature_because": list(sender.reasons),
            "finding_sentences": [finding.sentence for finding in judgement.inspection.all_findings],
            "names": [name for scan in judgement.scans for name in scan.names],
        }
    return found
