"""Finds what waits too long: tells senders of delays, and gives up on what has expired. Nothing sits unseen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby

from wardmail.model.delivery import RecipientState
from wardmail.model.refusal import Unavailable
from wardmail.model.stored import AcceptedMessage, LateRecipient, RecipientUpdate
from wardmail.outbound.reporting import Reporter
from wardmail.ports import Clock, Queue, Spool

log = logging.getLogger(__name__)

_Make = Callable[[str, Sequence[int]], Awaitable[Sequence[AcceptedMessage]]]

SPOOL_AGE = 3600.0
"""Seconds; a body younger than this may belong to a message that is being stored this moment."""

GAVE_UP = "It could not be delivered in time, and is not tried any more."


class Sweeper:
    """One process of an installation runs it; `every` in seconds.

    `forget` blocks, and drops hourly what is counted no more.
    """

    def __init__(
        self,
        queue: Queue,
        reporter: Reporter,
        spool: Spool,
        clock: Clock,
        *,
        every: float = 10.0,
        forget: Callable[[], None] | None = None,
    ) -> None:
        self._queue = queue
        self._spool = spool
        self._spool_swept_at = 0.0
        self._reporter = reporter
        self._clock = clock
        self._every = every
        self._forget = forget

    async def run(self) -> None:
        while True:
            try:
                while await self.sweep():
                    pass
                await self.sweep_spool()
            except Unavailable as error:
                log.warning('event=sweep_failed part="%s"', error.part)
            except Exception:
                log.exception("event=sweep_broke")
            await asyncio.sleep(self._every)

    async def sweep(self, limit: int = 500) -> bool:
        """One round; True when there may be more."""
        late = sorted(await self._queue.late(self._clock.now(), limit), key=_by_message)
        for message_id, group in groupby(late, key=_by_message):
            await self._see_to(message_id, list(group))
        return len(late) == limit

    async def sweep_spool(self) -> int:
        """Once an hour: remove large bodies whose message was never stored (its sender was told 451, or we died)."""
        now = self._clock.now()
        if now - self._spool_swept_at < SPOOL_AGE:
            return 0
        self._spool_swept_at = now
        if self._forget is not None:
            await asyncio.to_thread(self._forget)
        old = await asyncio.to_thread(lambda: self._spool.names(older_than=now - SPOOL_AGE))
        orphans = await self._queue.unreferenced(old) if old else ()
        for name in orphans:
            await asyncio.to_thread(self._spool.remove, name)
        if orphans:
            log.info("event=spool_swept bodies=%d", len(orphans))
        return len(orphans)

    async def _see_to(self, message_id: str, late: Sequence[LateRecipient]) -> None:
        expired = [each.n for each in late if each.expired]
        delayed = [each for each in late if not each.expired]
        if expired:
            updates = [RecipientUpdate(message_id, n, RecipientState.EXPIRED, 0, None, why=GAVE_UP) for n in expired]
            await self._queue.record(updates, await self._reports(self._reporter.on_expiry, message_id, expired))
            log.warning("event=expired queue_id=%s recipients=%d", message_id, len(expired))
        if delayed:
            numbers = [each.n for each in delayed]
            await self._queue.record([], await self._reports(self._reporter.on_delay, message_id, numbers))
            await self._queue.notice_given(delayed)

    @staticmethod
    async def _reports(make: _Make, message_id: str, numbers: Sequence[int]) -> Sequence[AcceptedMessage]:
        """A report that cannot be made must not keep the sweeper from all that is late besides."""
        try:
            return await make(message_id, numbers)
        except Unavailable:
            raise
        except Exception:
            log.exception("event=report_broke queue_id=%s", message_id)
            return ()


def _by_message(late: LateRecipient) -> str:
    return late.message_id
