"""Stage 9: what each attempt came to goes into the store, with the reports it owes, or is tried again until it does."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import replace

from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.delivery import Ambiguous, Deferred, Delivered, Failed, HandedOn, RecipientState
from wardmail.model.refusal import Unavailable
from wardmail.model.route import Route, RouteKind
from wardmail.model.stored import AcceptedMessage, RecipientUpdate
from wardmail.outbound.bounces import with_verdict
from wardmail.outbound.guards import Guard
from wardmail.outbound.reporting import Reporter
from wardmail.outbound.retry import MINUTES, next_attempt
from wardmail.ports import Clock, Queue

log = logging.getLogger(__name__)

PATIENCE = 1000
"""Outcomes that may wait for their commit before couriers are slowed down."""


def settle(
    consignment: Consignment,
    results: Sequence[AttemptResult],
    *,
    now: float,
    jitter: float,
    pause: float | None,
    schedule: Sequence[float] = MINUTES,
) -> list[RecipientUpdate]:
    """Each result as a change of one row. `pause`: when a silent upstream is tried again; such a try does not count."""
    attempts = {recipient.id: recipient.attempts for recipient in consignment.recipients}
    updates = []
    for result in results:
        n, tries = result.recipient_id, attempts[result.recipient_id] + 1
        due_at: float | None = None
        match result.outcome:
            case Delivered():
                state = RecipientState.DELIVERED
            case HandedOn():
                state = RecipientState.RELAYED
            case Failed():
                state = RecipientState.BOUNCED
            case Ambiguous():
                state, due_at = RecipientState.DEFERRED, next_attempt(tries, now, jitter, schedule)
            case Deferred(counts=counts, not_before=not_before):
                state = RecipientState.DEFERRED
                tries = tries if counts else tries - 1
                due_at = pause or max(not_before or 0.0, next_attempt(tries, now, jitter, schedule))
        update = RecipientUpdate(consignment.message_id, n, state, tries, due_at, result)
        updates.append(with_verdict(update, consignment, now))
    return updates


class Recorder:
    """Writes outcomes behind the couriers' backs: a courier takes the next message while the last one is committed."""

    def __init__(self, queue: Queue, reporter: Reporter, clock: Clock, schedule: Sequence[float] = MINUTES) -> None:
        self._queue = queue
        self._reporter = reporter
        self._clock = clock
        self._schedule = schedule
        self._pending: set[asyncio.Task[None]] = set()

    def record(
        self, consignment: Consignment, route: Route, results: Sequence[AttemptResult], pause: float | None
    ) -> None:
        now = self._clock.now()
        jitter = random.random()  # noqa: S311 (spreads retries; nothing depends on its being unpredictable)
        updates = settle(consignment, results, now=now, jitter=jitter, pause=pause, schedule=self._schedule)
        if route.kind is RouteKind.SANDBOX:
            updates = [replace(each, verdict=None, suppress=None) for each in updates]  # its bounces are played
        for update in updates:
            _log(consignment, route, update)
        task = asyncio.create_task(self._write(consignment, updates))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def hold(self, consignment: Consignment, guard: Guard) -> None:
        """A guard said no: the copies wait for a person."""
        updates = [
            RecipientUpdate(consignment.message_id, each.id, RecipientState.HELD, each.attempts, None, why=guard.value)
            for each in consignment.recipients
        ]
        await self._queue.record(updates)

    async def breathe(self) -> None:
        """Wait when the store is far behind, so that the window in which a crash means a duplicate stays short."""
        if len(self._pending) > PATIENCE:
            await asyncio.wait(self._pending, return_when=asyncio.FIRST_COMPLETED)

    async def drain(self, patience: float) -> None:
        if self._pending:
            await asyncio.wait(self._pending, timeout=patience)

    async def _reports(self, consignment: Consignment, updates: Sequence[RecipientUpdate]) -> Sequence[AcceptedMessage]:
        try:
            return await self._reporter.reports_on(consignment, updates)
        except Unavailable:
            raise
        except Exception:
            # Better no report than no record: without one the message would be sent again and again.
            log.exception("event=report_broke queue_id=%s", consignment.message_id)
            return ()

    async def _write(self, consignment: Consignment, updates: Sequence[RecipientUpdate]) -> None:
        delay = 0.5
        while True:
            try:
                await self._queue.record(updates, await self._reports(consignment, updates))
            except Unavailable as error:
                # An outcome that is not written down means a duplicate later: do not let go before the lease does.
                log.error('event=outcome_not_recorded queue_id=%s part="%s"', consignment.message_id, error.part)
                await asyncio.sleep(delay)
                delay = min(30.0, delay * 2)
            else:
                return


def _log(consignment: Consignment, route: Route, update: RecipientUpdate) -> None:
    result = update.result
    if result is None or not log.isEnabledFor(logging.INFO):
        return
    log.info(
        "event=attempt queue_id=%s recipient=%d route=%s outcome=%s tls=%s/%s host=%s seconds=%.3f",
        consignment.message_id,
        update.n,
        route.name,
        type(result.outcome).__name__,
        result.tls.achieved.name,
        result.tls.required.name,
        result.host,
        result.seconds,
    )
