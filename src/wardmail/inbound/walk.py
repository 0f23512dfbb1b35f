"""The walk of one message from outside to an application: store, prove and inspect, judge, hand over, record.

    source → arrival (stored raw) → sender ∥ content ∥ scanners → verdict → handover → recording

Every step begins from what the store says and ends with a commit, so any process may go on after any crash.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from wardmail.inbound import recording
from wardmail.inbound.examining import examine, is_undecided
from wardmail.inbound.finishing import stripped
from wardmail.inbound.handover import hand_over
from wardmail.inbound.stripping import CannotStrip
from wardmail.inbound.waiting_sender import WaitingSender
from wardmail.inbound.world import InboundWorld
from wardmail.model.arrival import Arrival, ArrivalState, Judgement, RawMail
from wardmail.model.handover import HandoverKind
from wardmail.model.inspection import ScanOutcome
from wardmail.model.refusal import Unavailable
from wardmail.model.verdict import Action

log = logging.getLogger(__name__)

SHORTEST_WAIT, LONGEST_WAIT = 5.0, 900.0
DNS_PATIENCE = 900.0
"""Seconds; a sender whose DNS stays silent for longer is judged by what is known."""

MOST_ATTEMPTS = 60
POISON = "It was begun so often without an end that it may do harm; a person must look."

_SETTLED = {Action.QUARANTINE: ArrivalState.QUARANTINED, Action.REFUSE: ArrivalState.REFUSED}


async def step(
    world: InboundWorld,
    arrival: Arrival,
    raw: RawMail | None = None,
    sender: WaitingSender | None = None,
    *,
    later: Callable[[], bool] = lambda: False,
) -> ArrivalState:
    """Take an arrival as far as it gets now. Raises Unavailable when the store does not answer: the lease runs out.

    `later`: whether so much is in hand that what is judged had better be handed over from the store.
    """
    if arrival.attempts > MOST_ATTEMPTS:
        change = recording.stuck(arrival, POISON)
        await world.arrivals.change(change)
        return change.state
    raw = raw or await world.arrivals.raw(arrival.id)
    message = await asyncio.to_thread(raw.octets) if raw.body.is_spooled else raw.octets()
    if arrival.state is not ArrivalState.RECEIVED:
        return await hand_over(world, arrival, message)
    judged = await judge(world, arrival, message, sender)
    if sender is not None:
        sender.tell(judged.verdict.action if judged is not None else None)
    if judged is None:
        return ArrivalState.RECEIVED
    if judged.verdict.action in _SETTLED:
        return _SETTLED[judged.verdict.action]
    if later():
        await world.arrivals.release([arrival.id])
        return ArrivalState.HANDING_OVER
    return await hand_over(world, arrival, message, judged)


async def judge(
    world: InboundWorld, arrival: Arrival, message: bytes, sender: WaitingSender | None = None
) -> Judgement | None:
    """None when it cannot be judged yet, or another process has done it: then what that one wrote holds."""
    try:
        judgement = await examine(world, arrival, message)
    except Unavailable as error:
        await _wait(world, arrival, f"{error.part} does not answer.")
        return None
    undecided = is_undecided(judgement)
    if undecided and _may_wait(world, arrival, judgement):
        await _wait(world, arrival, undecided)
        return None
    judgement = await strippable(arrival, message, judgement)
    judgement = _closed(judgement, undecided, may_refuse=sender is not None and sender.catch())
    action = judgement.verdict.action
    state = _SETTLED.get(action, ArrivalState.HANDING_OVER)
    due_at = None if action in _SETTLED else _due_at(world, arrival)
    change = recording.judged(arrival, judgement, state, due_at)
    if not await world.arrivals.change(recording.kept_by(change, world.owner if due_at is not None else None)):
        log.warning("event=judged_by_another arrival=%s source=%s", arrival.id, arrival.source)
        return None
    log.info("event=judged arrival=%s source=%s action=%s", arrival.id, arrival.source, action.value)
    return judgement


async def strippable(arrival: Arrival, message: bytes, judgement: Judgement) -> Judgement:
    """What cannot be taken out alone keeps the whole message back."""
    if judgement.verdict.action is not Action.STRIP:
        return judgement
    outcome = await asyncio.to_thread(stripped, message, arrival, judgement.verdict.strip)
    if isinstance(outcome, CannotStrip):
        return recording.with_action(judgement, Action.QUARANTINE, outcome.reason)
    return judgement


def _closed(judgement: Judgement, undecided: str, *, may_refuse: bool) -> Judgement:
    """Fail closed: what a scanner has not seen is not clean; what can be refused no more waits for a person."""
    verdict = judgement.verdict
    unscanned = any(scan.outcome is ScanOutcome.UNKNOWN for scan in judgement.scans)
    if unscanned and verdict.action not in _SETTLED:
        return recording.with_action(judgement, Action.QUARANTINE, undecided)
    if verdict.action is Action.REFUSE and not may_refuse:
        return recording.with_action(
            judgement, Action.QUARANTINE, "It would have been refused, but was accepted before."
        )
    return judgement


def _may_wait(world: InboundWorld, arrival: Arrival, judgement: Judgement) -> bool:
    waited = world.clock.now() - arrival.received_at
    unscanned = any(scan.outcome is ScanOutcome.UNKNOWN for scan in judgement.scans)
    found = any(scan.outcome is ScanOutcome.FOUND for scan in judgement.scans)
    return not found and waited < (world.settings.unscanned_for if unscanned else DNS_PATIENCE)


async def _wait(world: InboundWorld, arrival: Arrival, why: str) -> None:
    now = world.clock.now()
    if now - arrival.received_at > world.settings.unscanned_for:
        await world.arrivals.change(recording.set_aside(arrival, why))
        return
    pause = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(arrival.attempts, 10)) * (0.75 + world.jitter() / 2)
    log.warning("event=not_judged_yet arrival=%s attempt=%d", arrival.id, arrival.attempts + 1)
    await world.arrivals.change(recording.put_off(arrival, why, now + pause))


def _due_at(world: InboundWorld, arrival: Arrival) -> float | None:
    """What an application collects itself is due for no process."""
    collected = world.handover_of(arrival.integration).kind is HandoverKind.PULL
    return None if collected else world.clock.now() + world.settings.lease
