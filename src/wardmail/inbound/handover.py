"""Stage 5: the application gets the message, at least once, with a key by which it tells a repetition."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from wardmail.inbound import recording
from wardmail.inbound.finishing import finished
from wardmail.inbound.world import InboundWorld
from wardmail.model.arrival import Arrival, ArrivalState, Judgement
from wardmail.model.handover import HandoverKind, NotTaken, Parcel, Taken
from wardmail.model.refusal import Unavailable
from wardmail.model.sender import AuthResult
from wardmail.model.verdict import Action

log = logging.getLogger(__name__)

SCHEDULE = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds between tries; then it is a dead letter, which a person sends on its way again."""

CLOSED = "Its integration is suspended, or its record has lapsed."
COLLECTED = "It waits to be collected."
LOOK_AGAIN = 900.0
IN_A_THREAD = 256 * 1024


async def hand_over(
    world: InboundWorld, arrival: Arrival, message: bytes, judgement: Judgement | None = None
) -> ArrivalState:
    """One attempt. What an application collects itself waits for it."""
    terms = world.handover_of(arrival.integration)
    if terms.kind is HandoverKind.PULL:
        if judgement is None:  # it was pushed until somebody changed that: now it is due for no process
            change = recording.put_off(replace(arrival, state=ArrivalState.HANDING_OVER), COLLECTED, None)
            await world.arrivals.change(replace(change, attempts=0))
        return ArrivalState.HANDING_OVER
    if judgement is None:
        arrival = replace(arrival, state=ArrivalState.HANDING_OVER)
        judgement = await world.arrivals.judgement(arrival.id)
    else:
        arrival = replace(arrival, state=ArrivalState.HANDING_OVER, attempts=0)
    if judgement is None:
        raise Unavailable("the judgement of a message", "it is not there")
    if not world.is_open(arrival.integration):
        change = recording.put_off(arrival, CLOSED, world.clock.now() + LOOK_AGAIN)
        await world.arrivals.change(replace(change, attempts=arrival.attempts))
        return ArrivalState.HANDING_OVER
    parcel = await parcel_of(world, arrival, message, judgement)
    outcome = await world.courier.hand_over(parcel, terms)
    return await _record(world, arrival, outcome)


async def parcel_of(world: InboundWorld, arrival: Arrival, message: bytes, judgement: Judgement) -> Parcel:
    if len(message) > IN_A_THREAD or judgement.verdict.action is Action.STRIP:
        message = await asyncio.to_thread(finished, message, arrival, judgement, world.settings.hostname)
    else:
        message = finished(message, arrival, judgement, world.settings.hostname)
    return Parcel(
        arrival.id,
        arrival.sender,
        arrival.recipients,
        message,
        arrival.received_at,
        summary(arrival, judgement),
        arrival.attempts,
        judgement.sender.dmarc.domain if judgement.sender.dmarc.result is AuthResult.PASS else "",
    )


def summary(arrival: Arrival, judgement: Judgement) -> dict[str, object]:
    """What was proved and found, for machines: no text of the message."""
    sender, verdict = judgement.sender, judgement.verdict
    return {
        "id": arrival.id,
        "source": arrival.source,
        "integration": arrival.integration,
        "received_at": arrival.received_at,
        "size": arrival.size,
        "verdict": verdict.action.value,
        "findings": sorted({finding.id for finding in judgement.inspection.all_findings}),
        "signature_acceptable": sender.signature_acceptable.value,
        "spf": sender.spf.result.value,
        "dkim": [{"d": each.domain, "s": each.selector, "result": each.result.value} for each in sender.dkim],
        "dmarc": sender.dmarc.result.value,
        "scans": {scan.scanner: scan.outcome.value for scan in judgement.scans},
        "report": judgement.report,
    }


async def _record(world: InboundWorld, arrival: Arrival, outcome: Taken | NotTaken) -> ArrivalState:
    if isinstance(outcome, Taken):
        log.info("event=handed_over arrival=%s integration=%s", arrival.id, arrival.integration)
        await world.arrivals.change(recording.handed_over(arrival, outcome.receipt))
        return ArrivalState.HANDED_OVER
    # Why is in the record alone: the words of another's server may hold an address.
    log.warning("event=not_handed_over arrival=%s attempt=%d", arrival.id, arrival.attempts + 1)
    if outcome.permanent or arrival.attempts >= min(len(SCHEDULE), world.settings.attempts):
        await world.arrivals.change(recording.given_up(arrival, outcome.why))
        return ArrivalState.DEAD_LETTER
    wait = SCHEDULE[min(arrival.attempts, len(SCHEDULE) - 1)] * (0.9 + world.jitter() / 5)
    await world.arrivals.change(recording.put_off(arrival, outcome.why, world.clock.now() + wait))
    return ArrivalState.HANDING_OVER
