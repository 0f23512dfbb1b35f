"""Tells people and programs, once for each stage, that a sharing agreement ends soon, or has ended (SHARE-6)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import date

from wardmail.model.person import Permission, Person
from wardmail.model.stored import Event
from wardmail.outbound.notices import notice_route, notices_to, people_to_tell, posted
from wardmail.outbound.register_watch import RegisterWatch
from wardmail.outbound.world import World
from wardmail.policy.agreement_endings import ENDED, AgreementWarning, agreement_warnings
from wardmail.protocol.notifications import AGREEMENT_EXPIRING

log = logging.getLogger(__name__)


class AgreementWatch(RegisterWatch):
    def __init__(self, world: World, people: Callable[[], Mapping[str, Person]], every: float = 60.0) -> None:
        """`people` blocks."""
        super().__init__(world, every)
        self._people = people

    async def _look(self, today: date) -> int:
        due = tuple(agreement_warnings(self._world.register.snapshot.agreements.values(), today))
        people = await asyncio.to_thread(self._people) if due else {}
        return sum([await self._tell(each, people) for each in due])

    async def _tell(self, warning: AgreementWarning, people: Mapping[str, Person]) -> bool:
        agreement, stage = warning.agreement, warning.stage
        to = people_to_tell(people, Permission.MANAGE_AGREEMENTS)
        notices = await notices_to(self._world, to, in_words(warning), route=notice_route(self._world))
        reached = len(to) if notices else 0
        data = {"agreement": agreement.id, "stage": stage, "ends": agreement.ends.isoformat()}
        detail: dict[str, object] = {**data, "integrations": list(agreement.integrations), "told": reached}
        event = Event("AgreementExpiring", self._world.clock.now(), "wardmail", None, agreement.id, detail)
        key = f"agreement-expiring {agreement.id} {agreement.ends} {stage}"
        given = await self._world.queue.put_once(key, event, notices, [posted(self._world, AGREEMENT_EXPIRING, data)])
        if given:
            log.warning(
                "event=agreement_expiring agreement=%s stage=%s ends=%s told=%d",
                agreement.id, stage, agreement.ends, reached,
            )  # fmt: skip
        return given


def in_words(warning: AgreementWarning) -> tuple[str, list[str]]:
    """Subject and lines."""
    agreement, has_ended = warning.agreement, warning.stage == ENDED
    verb, when = ("ended", "Since then") if has_ended else ("ends", "After that day")
    end = f"{agreement.ends.day} {agreement.ends:%B %Y}"
    to_do = (
        [f"  wardmail agreement show {agreement.id}", "  wardmail agreement add NEW-NAME ..."]
        if has_ended
        else [f"  wardmail agreement renew {agreement.id} NEW-NAME --ends YYYY-MM-DD --reason '...'"]
    )
    lines = [
        f"The sharing agreement {agreement.id} with {agreement.partner} {verb} on {end}, its last day.",
        "",
        f"{when}, mail that only this agreement lets go is held or goes by another way.",
        f"It covers mail of: {', '.join(agreement.integrations) or 'every integration'}",
        "",
        "What to do, if the sharing is to go on:",
        *to_do,
        "Information governance and clinical safety each sign it; it counts from then on.",
        "If the sharing is not to go on, nothing need be done.",
    ]
    return f"Sharing agreement {agreement.id} {'has ended' if has_ended else f'ends on {end}'}", lines
