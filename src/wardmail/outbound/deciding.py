"""A person's decision to let held copies go, and the second person where a rule asks for two (SHARE-9)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from wardmail.model.stored import Event, Released
from wardmail.outbound.release import NotReleased, Proposed, release
from wardmail.outbound.world import World
from wardmail.ports import HoldBook


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
