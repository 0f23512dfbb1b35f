"""Asks services that report by no mail what became of what they took: a failure there must not stay unseen (SEND-3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from wardmail.model.refusal import Unavailable
from wardmail.model.returned import LaterFailure, ReportKind, Returned, SentCopy
from wardmail.model.route import Route, RouteKind
from wardmail.model.suppression import bounced
from wardmail.model.traffic import Verdict
from wardmail.outbound.reporting import Reporter
from wardmail.outbound.world import World
from wardmail.ports import LaterFailures, Returns
from wardmail.protocol.refusal_meaning import is_hard_bounce

log = logging.getLogger(__name__)

EVERY = 300.0
"""Seconds. Notify tries for up to 72 hours; nothing is gained by asking more often."""


class Follower:
    """One process of an installation runs it."""

    def __init__(self, world: World, source: LaterFailures, returns: Returns, every: float = EVERY) -> None:
        self._world = world
        self._source = source
        self._returns = returns
        self._reporter = Reporter(world)
        self._every = every

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                for route in self._world.register.snapshot.routes.values():
                    if route.kind is RouteKind.GOVUK_NOTIFY and not route.paused:
                        await self.follow(route)
            except Unavailable as error:
                log.warning('event=follow_failed part="%s"', error.part)
            except Exception:
                log.exception("event=follow_broke")

    async def follow(self, route: Route) -> int:
        """One round for one route; how many copies turned out to have failed. Raises Unavailable."""
        failures = await self._source.failures(route)
        if not failures:
            return 0
        ids = {each.message_id for each in failures}
        copies = await asyncio.to_thread(self._returns.sent_copies, ids, "", ())
        known = {(copy.message_id, copy.n): copy for copy in copies}
        found = [(each, known[each.message_id, each.n]) for each in failures if (each.message_id, each.n) in known]
        returned = [_returned(each, copy, self._world.clock.now()) for each, copy in found]
        news = await asyncio.to_thread(self._returns.take, returned, f"route {route.name}")
        await self._tell([each for each, is_news in zip(returned, news, strict=True) if is_news])
        return sum(news)

    async def _tell(self, returned: Sequence[Returned]) -> None:
        for each in returned:
            copy = each.copy
            reports = await self._reporter.on_return(copy.message_id, copy.n, each.status, each.words)
            await self._world.queue.record([], reports)
            log.info("event=failed_later queue_id=%s recipient=%d status=%s", copy.message_id, copy.n, each.status)


def _returned(failure: LaterFailure, copy: SentCopy, now: float) -> Returned:
    is_hard = is_hard_bounce(failure.status)
    entry = bounced(copy.address, f"{failure.status} reported for {copy.message_id}", now) if is_hard else None
    verdict = Verdict.BOUNCED if is_hard else Verdict.REFUSED
    return Returned(copy, ReportKind.BOUNCE, failure.status, failure.words, now, verdict, entry)
