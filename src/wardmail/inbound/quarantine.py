"""What people do with mail in quarantine: released by two, scanned again before it goes, deleted, or ended by the clock."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from wardmail.inbound import recording
from wardmail.inbound.examining import examine
from wardmail.inbound.recording import WE
from wardmail.inbound.walk import strippable
from wardmail.inbound.world import InboundWorld
from wardmail.model.arrival import Arrival, ArrivalChange, ArrivalState, Judgement
from wardmail.model.handover import HandoverKind
from wardmail.model.inspection import ScanOutcome
from wardmail.model.refusal import Unavailable
from wardmail.model.retention import A_DAY
from wardmail.model.verdict import Action

log = logging.getLogger(__name__)

_QUARANTINED = (ArrivalState.QUARANTINED,)
_AT_ONCE = 200
RELEASED = "Two people have released it from quarantine."


@dataclass(frozen=True, slots=True)
class NotReleased:
    """Why nothing was released; a sentence for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """One person wants it released; another one must agree."""

    by: str


@dataclass(frozen=True, slots=True)
class Released:
    first: str
    second: str


class Quarantine:
    def __init__(self, world: InboundWorld, every: float = 3600.0) -> None:
        self._world = world
        self._every = every

    async def release(self, arrival_id: str, actor: str, reason: str) -> Released | Proposed | NotReleased:
        """The first person proposes, the second one agrees; then it is scanned again with what is known by now."""
        arrival = await self._world.arrivals.load(arrival_id)
        if arrival is None or arrival.state is not ArrivalState.QUARANTINED:
            return NotReleased(f"{arrival_id} is not in quarantine.")
        if arrival.proposed_by in ("", actor):
            return await self._propose(arrival, actor, reason)
        try:
            message = await asyncio.to_thread((await self._world.arrivals.raw(arrival.id)).octets)
            judgement = await examine(self._world, arrival, message)
        except Unavailable as error:
            return NotReleased(f"It cannot be scanned again now: {error.part} does not answer.")
        against = _against(judgement) or await _whole(arrival, message, judgement)
        if against:
            await self._world.arrivals.change(_refused(arrival, judgement, actor, against))
            return NotReleased(against)
        if not await self._world.arrivals.change(self._released(arrival, judgement, actor, reason)):
            return NotReleased(f"{arrival_id} changed in the meantime; look again.")
        return Released(arrival.proposed_by, actor)

    async def delete(self, arrival_id: str, actor: str, reason: str) -> bool:
        """Nobody gets it. Its content stays until its retention ends; the upstream's copy goes."""
        detail: dict[str, object] = {"reason": reason}
        change = ArrivalChange(
            arrival_id, _QUARANTINED, ArrivalState.DELETED, None, "QuarantineDeleted", actor, detail, why=reason
        )
        return await self._world.arrivals.change(change)

    async def expire(self) -> int:
        """End what nobody has decided about in the time that its integration gives."""
        ended = 0
        for integration in self._world.register.snapshot.integrations:
            days = self._world.handover_of(integration).quarantine_days
            before = self._world.clock.now() - days * A_DAY
            while overdue := await self._world.arrivals.overdue(integration, before, _AT_ONCE):
                for each in overdue:
                    why = f"Nobody has decided about it in {days} days."
                    change = ArrivalChange(
                        each.id,
                        _QUARANTINED,
                        ArrivalState.EXPIRED,
                        None,
                        "QuarantineExpired",
                        WE,
                        {"days": days},
                        why=why,
                    )
                    ended += await self._world.arrivals.change(change)
        return ended

    async def run(self) -> None:
        """Runs for as long as the process does; one process of an installation does it."""
        while True:
            try:
                ended = await self.expire()
                if ended:
                    log.info("event=quarantine_expired messages=%d", ended)
            except Unavailable as error:
                log.warning('event=quarantine_not_swept part="%s"', error.part)
            except Exception:
                log.exception("event=quarantine_sweep_broke")
            await asyncio.sleep(self._every)

    async def _propose(self, arrival: Arrival, actor: str, reason: str) -> Proposed | NotReleased:
        detail: dict[str, object] = {"reason": reason}
        change = ArrivalChange(
            arrival.id,
            _QUARANTINED,
            ArrivalState.QUARANTINED,
            None,
            "QuarantineReleaseProposed",
            actor,
            detail,
            why=arrival.why,
            proposed_by=actor,
        )
        if not arrival.proposed_by and not await self._world.arrivals.change(change):
            return NotReleased(f"{arrival.id} changed in the meantime; look again.")
        return Proposed(actor)

    def _released(self, arrival: Arrival, judgement: Judgement, actor: str, reason: str) -> ArrivalChange:
        action = Action.STRIP if judgement.verdict.action is Action.STRIP else Action.WARN
        judgement = recording.with_action(judgement, action, RELEASED)
        collects = self._world.handover_of(arrival.integration).kind is HandoverKind.PULL
        due_at = None if collects else self._world.clock.now()
        change = recording.judged(arrival, judgement, ArrivalState.HANDING_OVER, due_at)
        detail: dict[str, object] = {**change.detail, "reason": reason, "proposed_by": arrival.proposed_by}
        return replace(change, before=_QUARANTINED, kind="QuarantineReleased", actor=actor, detail=detail)


def _against(judgement: Judgement) -> str:
    """Malware stays, whoever says otherwise; so does what a scanner has not seen. Spam is for people to judge."""
    for scan in judgement.scans:
        if scan.outcome is ScanOutcome.UNKNOWN:
            return f"It cannot be scanned again now: {scan.scanner} gives no answer."
        if scan.outcome is ScanOutcome.FOUND and scan.score is None:
            return f"{scan.scanner} finds malware in it: {', '.join(scan.names)[:200]}."
    return ""


async def _whole(arrival: Arrival, message: bytes, judgement: Judgement) -> str:
    """Why the part that its integration wants taken out cannot be: released, it could never be handed over."""
    judged = await strippable(arrival, message, judgement)
    return judged.verdict.reasons[0] if judged is not judgement else ""


def _refused(arrival: Arrival, judgement: Judgement, actor: str, against: str) -> ArrivalChange:
    """It stays, with what is known about it now, and the proposal is spent."""
    change = recording.judged(arrival, judgement, ArrivalState.QUARANTINED, None)
    return replace(change, before=_QUARANTINED, kind="QuarantineReleaseBarred", actor=actor, why=against)
