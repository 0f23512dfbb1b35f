"""A person's decision about held copies: let them go (by two, where a rule asks for that), more time, somebody else (SHARE-9)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wardmail.model.hold import Hold
from wardmail.model.person import Person
from wardmail.model.stored import Event, Released
from wardmail.outbound.holding import may_decide
from wardmail.outbound.release import NotReleased, Proposed, release
from wardmail.outbound.world import World
from wardmail.ports import HoldBook

LONGEST_EXTENSION = 30
"""Days."""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Nobody has been asked about the message yet; the running gateway does that within seconds."""


@dataclass(frozen=True, slots=True)
class MayNotDecide:
    """Whom it was to be given to."""

    person: str


async def let_go(
    world: World, book: HoldBook, message_id: str, *, actor: str, reason: str, only: Sequence[int]
) -> tuple[Released, ...] | NotReleased | Proposed:
    """Release, or write down who was the first of two. Commands and pages decide by this alone."""
    tasks = await asyncio.to_thread(book.of_message, message_id)
    proposals = {task.n: task.proposed_by for task in tasks}
    outcome = await release(world, message_id, actor=actor, reason=reason, only=only, proposals=proposals)
    if not isinstance(outcome, Proposed):
        return outcome
    proposed = [task for task in tasks if task.n in outcome.recipients]
    if not proposed:
        return NotReleased(
            f"Nobody has been asked about {message_id} yet; the running gateway does that within seconds: try again."
        )
    detail: dict[str, object] = {"reason": reason, "recipients": list(outcome.recipients)}
    event = Event("HoldReleaseProposed", world.clock.now(), actor, message_id, "message", detail)
    await asyncio.to_thread(book.change, [replace(task, proposed_by=actor) for task in proposed], event)
    return outcome


def assign(
    book: HoldBook, message_id: str, owner: Person, *, actor: str, reason: str, now: float
) -> Sequence[Hold] | NotAsked | MayNotDecide:
    """Give a message's tasks to somebody who may decide; the alerts begin anew with them. Blocking."""
    tasks = book.of_message(message_id)
    if not tasks:
        return NotAsked()
    if not all(may_decide(owner, task.urgent) for task in tasks):
        return MayNotDecide(owner.id)
    changed = [replace(task, owner=owner.id, level=0, alert_at=now) for task in tasks]
    detail: dict[str, object] = {"owner": owner.id, "reason": reason}
    book.change(changed, Event("HoldAssigned", now, actor, message_id, "message", detail))
    return changed


def extend(
    book: HoldBook, message_id: str, days: float, *, actor: str, reason: str, now: float
) -> Sequence[Hold] | NotAsked:
    """More time before the deadline. Blocking."""
    tasks = book.of_message(message_id)
    if not tasks:
        return NotAsked()
    changed = [replace(task, deadline=max(task.deadline, now) + days * 86_400) for task in tasks]
    detail: dict[str, object] = {"days": days, "reason": reason}
    book.change(changed, Event("HoldExtended", now, actor, message_id, "message", detail))
    return changed
