"""Stages 2 and 3: who sent it and what is in it, asked side by side, each within its time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from wardmail.inbound.returns import TakenReport, take_report
from wardmail.inbound.world import InboundWorld
from wardmail.model.arrival import Arrival, Judgement
from wardmail.model.inspection import Inspection, ScanOutcome, ScanReport
from wardmail.model.refusal import Unavailable
from wardmail.model.sender import AuthResult, SenderEvidence, Sending
from wardmail.model.verdict import Wishes
from wardmail.ports import Scanner
from wardmail.protocol.authors import Authors, read_authors
from wardmail.protocol.raw_message import split_message

log = logging.getLogger(__name__)


async def examine(world: InboundWorld, arrival: Arrival, message: bytes) -> Judgement:
    """Gather, then judge purely. Raises Unavailable when nobody could look: then nothing is known, and it waits."""
    source = world.register.snapshot.sources.get(arrival.source)
    wishes = world.handover_of(arrival.integration).wishes
    sending = Sending(arrival.peer, arrival.helo, arrival.sender)
    try:
        async with asyncio.timeout(world.settings.judge_budget):
            sender, inspection, scans = await asyncio.gather(
                world.prover.prove(message, sending, source),
                _inspect(world, arrival, message, wishes),
                asyncio.gather(*(_scan(each, message, sending, arrival.recipients) for each in world.scanners)),
            )
    except TimeoutError:
        raise Unavailable("the examination of a message", "it took too long") from None
    verdict = world.decide(sender, inspection, scans, wishes)
    report = await _taken_report(world, message)
    return Judgement(sender, inspection, tuple(scans), verdict, world.clock.now(), report)


async def _inspect(world: InboundWorld, arrival: Arrival, message: bytes, wishes: Wishes) -> Inspection:
    authors = (await asyncio.to_thread(_authors, message)).addresses
    known = await world.arrivals.knows(arrival.integration, authors)
    return await world.inspector.inspect(message, wishes, known)


def _authors(message: bytes) -> Authors:
    return read_authors(split_message(message).all_of(b"from"))


def is_undecided(judgement: Judgement) -> str:
    """What could not be said yet, and may be said later; empty when all is known. Unscanned is not clean."""
    for scan in judgement.scans:
        if scan.outcome is ScanOutcome.UNKNOWN:
            return f"{scan.scanner} gives no answer: {scan.why}"
    return "The DNS gives no answer about the sender." if _lacks_dns(judgement.sender) else ""


def _lacks_dns(sender: SenderEvidence) -> bool:
    results = [sender.spf.result, sender.dmarc.result, *(each.result for each in sender.dkim)]
    return AuthResult.TEMPERROR in results


async def _scan(scanner: Scanner, message: bytes, sending: Sending, recipients: Sequence[str]) -> ScanReport:
    try:
        return await scanner.scan(message, sending, recipients)
    except Exception as error:
        log.error("event=scanner_broke scanner=%s error=%s", scanner.name, type(error).__name__)
        return ScanReport(scanner.name, ScanOutcome.UNKNOWN, why="it broke")


async def _taken_report(world: InboundWorld, message: bytes) -> str:
    """Bounces of and complaints about what we sent count, whoever they are for (SEND-3)."""
    if b"multipart/report" not in message[:65536].lower():
        return ""
    taken = await asyncio.to_thread(take_report, world.returns, message, actor="wardmail", now=world.clock.now())
    if not isinstance(taken, Sequence):
        return ""
    known = [each for each in taken if isinstance(each, TakenReport) and each.copy is not None]
    return known[0].kind.value if known else ""
