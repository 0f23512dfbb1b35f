"""Tells programs by their webhooks what happens to their mail: each event once in order of the audit, tried until taken."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Sequence

from wardmail.model.notification import Notification
from wardmail.model.refusal import Unavailable
from wardmail.model.timestamp import rfc3339
from wardmail.model.webhook_endpoint import GONE, TAKEN, Telling, WebhookEndpoint
from wardmail.outbound.posting import AT_ONCE, SCHEDULE
from wardmail.ports import Clock, EndpointPoster, Notices, Webhooks

log = logging.getLogger(__name__)

_QUEUED_AT_ONCE = 200
_HOUR = 3_600.0
_RECEIVER_SAID_GONE = "the receiver answered 410: it is not there any more"


class Teller:
    """One process of an installation runs it."""

    def __init__(
        self, webhooks: Webhooks, notices: Notices, poster: EndpointPoster, clock: Clock, every: float = 1.0
    ) -> None:
        self._webhooks = webhooks
        self._notices = notices
        self._poster = poster
        self._clock = clock
        self._every = every
        self._tidied_at = 0.0

    async def run(self) -> None:
        while True:
            try:
                while await self.sweep():
                    pass
            except Unavailable as error:
                log.warning('event=telling_failed part="%s"', error.part)
            except Exception as error:
                log.error("event=telling_broke error=%s", type(error).__name__)
            await asyncio.sleep(self._every)

    async def sweep(self) -> bool:
        """One round; True when there may be more."""
        endpoints = {each.id: each for each in await asyncio.to_thread(self._webhooks.all) if not each.stopped}
        if not endpoints:
            return False
        await asyncio.to_thread(self._queue_all, tuple(endpoints.values()))
        due = await asyncio.to_thread(self._webhooks.due, self._clock.now(), AT_ONCE)
        await asyncio.gather(*(self._tell(endpoints.get(each.endpoint), each) for each in due))
        return len(due) == AT_ONCE

    def _queue_all(self, endpoints: Sequence[WebhookEndpoint]) -> None:
        now = self._clock.now()
        if now - self._tidied_at > _HOUR:
            self._tidied_at = now
            self._webhooks.forget_old()
        last = self._notices.last()
        for endpoint in endpoints:
            told_to = self._webhooks.told_to(endpoint.id)
            while told_to < last:
                told = self._notices.since(endpoint.integration, told_to, _QUEUED_AT_ONCE)
                wanted = [_telling(endpoint, each, now) for each in told.notifications if endpoint.wants(each.type)]
                self._webhooks.queue(endpoint.id, wanted, told.seen_to)
                if told.seen_to == told_to:
                    break
                told_to = told.seen_to

    async def _tell(self, endpoint: WebhookEndpoint | None, telling: Telling) -> None:
        if endpoint is None:
            # Stopped or removed: it is put off, so that it does not stand in the way, and goes out if it is resumed.
            await self._settle(telling, self._clock.now() + _HOUR, telling.outcome)
            return
        answer = await self._poster.post(endpoint, telling)
        if isinstance(answer, int) and 200 <= answer < 300:
            await self._settle(telling, None, TAKEN)
            return
        wrong = answer if isinstance(answer, str) else f"the receiver answered {answer}"
        if answer == GONE:
            await asyncio.to_thread(self._webhooks.stop, endpoint.id, _RECEIVER_SAID_GONE)
        if telling.attempts >= len(SCHEDULE) or answer == GONE:
            log.error('event=telling_given_up endpoint=%s seq=%d why="%s"', endpoint.id, telling.seq, wrong)
            await self._settle(telling, None, f"given up: {wrong}")
            return
        log.warning('event=telling_failed endpoint=%s seq=%d why="%s"', endpoint.id, telling.seq, wrong)
        wait = SCHEDULE[telling.attempts] * random.uniform(0.9, 1.1)  # noqa: S311 (spreads tries, no secret)
        await self._settle(telling, self._clock.now() + wait, wrong)

    async def _settle(self, telling: Telling, again_at: float | None, outcome: str) -> None:
        await asyncio.to_thread(self._webhooks.settle, telling, again_at=again_at, outcome=outcome)


def _telling(endpoint: WebhookEndpoint, each: Notification, now: float) -> Telling:
    payload = {"type": each.type, "timestamp": rfc3339(each.at), "data": {"seq": each.seq, **each.data}}
    return Telling(endpoint.id, each.seq, each.type, json.dumps(payload), now)
