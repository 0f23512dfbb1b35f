"""Tells people and their systems that one of our domains looks worse than before: once for each look (SHARE-17)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from wardmail.model.own_domain import DomainReport, Verdict, Worsening
from wardmail.model.person import Permission, Person
from wardmail.model.stored import Event
from wardmail.outbound.notices import notice_route, notices_to, people_to_tell, posted
from wardmail.outbound.world import World

log = logging.getLogger(__name__)

KIND = "domain.finding"
_WORDS = {
    Verdict.GOOD: "good",
    Verdict.IMPROVE: "to be improved",
    Verdict.FIX: "to be fixed",
    Verdict.NOT_USED: "not used",
    Verdict.UNKNOWN: "not known",
}


class DomainAlert:
    def __init__(self, world: World, people: Callable[[], Mapping[str, Person]]) -> None:
        """`people` blocks."""
        self._world = world
        self._people = people

    async def tell(self, look: DomainReport, worse: Sequence[Worsening]) -> None:
        to = people_to_tell(await asyncio.to_thread(self._people), Permission.KEEP_SECRETS)
        notices = await notices_to(self._world, to, in_words(look, worse), route=self._route(look.domain))
        reached = len(to) if notices else 0
        checks = [
            {"check": each.finding.check, "before": each.before.value, "now": each.finding.verdict.value}
            for each in worse
        ]
        detail: dict[str, object] = {"checks": checks, "told": reached}
        event = Event("DomainWorsened", self._world.clock.now(), "wardmail", None, look.domain, detail)
        # Not the check's time alone: two domains may be looked at in one moment.
        key = f"domain-finding {look.domain} {look.checked_at}"
        data = {"domain": look.domain, "checked_at": look.checked_at, "worse": checks}
        if await self._world.queue.put_once(key, event, notices, [posted(self._world, KIND, data)]):
            log.warning("event=domain_worsened checks=%d told=%d", len(worse), reached)

    def _route(self, domain: str) -> str:
        every = self._world.register.snapshot.integrations.values()
        senders = [each for each in every if any(sender.rpartition("@")[2] == domain for sender in each.senders)]
        return notice_route(self._world, senders)


def in_words(look: DomainReport, worse: Sequence[Worsening]) -> tuple[str, list[str]]:
    """Subject and lines."""
    lines = [f"Something about our domain {look.domain} looks worse from outside than before.", ""]
    for each in worse:
        finding = each.finding
        lines += [
            f"  {finding.check}: it was {_WORDS[each.before]}, and is {_WORDS[finding.verdict]}",
            f"    {finding.found}",
        ]
        lines += [f"    What to do: {finding.to_do}"] if finding.to_do else []
    lines += ["", f"Look again when it is mended: wardmail domain check {look.domain}"]
    return f"Our domain {look.domain}: {worse[0].finding.check} looks worse", lines
