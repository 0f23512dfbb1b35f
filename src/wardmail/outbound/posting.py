"""Posts what waits for the webhook, again and again until it is taken, and gives up loudly."""

from __future__ import annotations

import asyncio
import logging
import random

from wardmail.model.refusal import Unavailable
from wardmail.model.webhook import WebhookMessage
from wardmail.ports import Clock, Outbox, WebhookPoster

log = logging.getLogger(__name__)

SCHEDULE = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds between tries, as Standard Webhooks suggests; then it is given up, and `doctor` says so."""

AT_ONCE = 8


class WebhookSender:
    """One process of an installation runs it. Without a `poster` there is no webhook, and nothing is kept for one."""

    def __init__(self, outbox: Outbox, poster: WebhookPoster | None, clock: Clock, every: float = 1.0) -> None:
        self._outbox = outbox
        self._poster = poster
        self._clock = clock
        self._every = every

    async def run(self) -> None:
        while True:
            try:
                while await self.sweep():
                    pass
            except Unavailable as error:
                log.warning('event=webhook_sweep_failed part="%s"', error.part)
            except Exception:
                log.exception("event=webhook_sweep_broke")
            await asyncio.sleep(self._every)

    async def sweep(self) -> bool:
        """One round; True when there may be more."""
        due = await self._outbox.due(self._clock.now(), AT_ONCE)
        if due:
            await asyncio.gather(*(self._post(each) for each in due))
        return len(due) == AT_ONCE

    async def _post(self, message: WebhookMessage) -> None:
        if self._poster is None:
            await self._outbox.settle(message, again_at=None, outcome="no webhook is set")
            return
        wrong = await self._poster.post(message)
        if not wrong:
            await self._outbox.settle(message, again_at=None, outcome="taken")
        elif message.attempts >= len(SCHEDULE):
            log.error('event=webhook_given_up id=%s type=%s why="%s"', message.id, message.type, wrong)
            await self._outbox.settle(message, again_at=None, outcome=f"given up: {wrong}")
        else:
            wait = SCHEDULE[message.attempts] * random.uniform(0.9, 1.1)  # noqa: S311 (spreads tries, no secret)
            log.warning('event=webhook_failed id=%s type=%s why="%s"', message.id, message.type, wrong)
            await self._outbox.settle(message, again_at=self._clock.now() + wait, outcome=wrong)
