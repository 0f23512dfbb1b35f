"""Stage 8: lanes of couriers, one lane a route: what is in hand, what is due, and when to leave an upstream alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.delivery import Deferred
from wardmail.model.refusal import Unavailable
from wardmail.model.route import Route, RouteKind
from wardmail.model.stored import Charge
from wardmail.outbound.guards import Guard, check, pause_of
from wardmail.outbound.lanes import IN_HAND_OCTETS, InHand, Lane
from wardmail.outbound.recording import Recorder
from wardmail.outbound.register_view import RegisterView
from wardmail.outbound.trying import is_test
from wardmail.outbound.upstream_ceilings import ceilings_of
from wardmail.ports import Clock, Courier, Queue

log = logging.getLogger(__name__)

LEASE_BATCH = 200
LONGEST_PAUSE = 60.0
"""Seconds between two knocks at the door of an upstream that does not answer."""

_MANY_SERVERS = frozenset({RouteKind.DIRECT, RouteKind.SANDBOX})
"""Kinds of route on which one silent server says nothing about the next; the sandbox plays several."""


class Delivery:
    """Implements `world.Dispatch`. The row is the truth and memory a hint: what is in hand may be lost at any time."""

    def __init__(
        self,
        *,
        register: RegisterView,
        queue: Queue,
        courier: Courier,
        recorder: Recorder,
        clock: Clock,
        lease: float,
        poll: float = 0.5,
    ) -> None:
        self._register = register
        self._queue = queue
        self._courier = courier
        self._recorder = recorder
        self._clock = clock
        self._lease = lease
        self._poll = poll
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._hungry = asyncio.Event()
        self._draining = False

    def has_room(self, route: str, size: int) -> bool:
        return not self._draining and self._lane(route).has_room(size, self._clock.now())

    def offer(self, consignments: Sequence[Consignment]) -> None:
        until = self._clock.now() + self._lease
        for consignment in consignments:
            lane = self._lane(consignment.route)
            lane.push(InHand(consignment, until))
            self._staff(lane)

    async def run(self) -> None:
        """Fetch what is due, for as long as the process lives: retries, released holds, other processes' orphans."""
        while not self._draining:
            busy = False
            try:
                await self._renew()
                for name in list(self._register.snapshot.routes):
                    busy |= await self._fetch(self._lane(name))
            except Unavailable as error:
                log.warning('event=fetch_failed part="%s"', error.part)
            except Exception:
                log.exception("event=fetch_broke")
            if not busy:
                await self._rest()

    async def drain(self, patience: float) -> None:
        """Stop taking; let what is being offered finish; give back what is not."""
        self._draining = True
        for lane in self._lanes.values():
            await self._give_back(lane.empty(), self._clock.now())
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        await self._recorder.drain(patience)
        await self._courier.close()

    def _lane(self, route: str) -> Lane:
        return self._lanes.setdefault(route, Lane(route))

    async def _rest(self) -> None:
        self._hungry.clear()
        try:
            await asyncio.wait_for(self._hungry.wait(), self._poll)
        except TimeoutError:
            return

    async def _fetch(self, lane: Lane) -> bool:
        """True when there may be more at once. A lane that is coming back is tried with a single consignment first."""
        now = self._clock.now()
        route = self._register.snapshot.routes.get(lane.route)
        if route is None or route.paused:
            return False
        if lane.waiting:
            self._staff(lane)  # its couriers may have stopped when the store was away
        if lane.closed_until > now or len(lane.waiting) >= LEASE_BATCH // 2 or lane.octets > IN_HAND_OCTETS // 2:
            return False
        if lane.failures and lane.couriers:
            return False
        limit = 1 if lane.failures else LEASE_BATCH
        leased = await self._queue.lease(lane.route, limit, now, now + self._lease)
        self.offer(leased)
        lane.has_more = sum(len(each.recipients) for each in leased) >= limit
        return lane.has_more

    def _staff(self, lane: Lane) -> None:
        route = self._register.snapshot.routes.get(lane.route)
        wanted = route.limits.connections if route else 1
        if lane.couriers < wanted:
            lane.couriers += 1
            task = asyncio.create_task(self._work(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _renew(self) -> None:
        """Ask for more time for what is in hand: an upstream may take longer over it than a lease lasts."""
        now = self._clock.now()
        ending = [each for lane in self._lanes.values() for each in lane.ending_before(now + self._lease / 2)]
        if ending:
            await self._queue.renew([each.consignment for each in ending], now + self._lease)
            for each in ending:
                each.until = now + self._lease

    async def _work(self, lane: Lane) -> None:
        try:
            while lane.waiting:
                await self._begin(lane, lane.pop())
        except Unavailable as error:
            # What is in hand stays leased, and is due again when the lease runs out.
            log.warning('event=lane_stopped route=%s part="%s"', lane.route, error.part)
        finally:
            lane.couriers -= 1
            if lane.has_more:
                self._hungry.set()

    async def _begin(self, lane: Lane, each: InHand) -> None:
        if each.until <= self._clock.now():
            log.warning("event=lease_ran_out queue_id=%s", each.consignment.message_id)
            return
        lane.begun.add(each)
        try:
            await self._attempt(lane, each.consignment)
        except Unavailable:
            raise
        except Exception:
            # It stays leased, and so is tried again; one bad message must not stop the others behind it.
            log.exception("event=attempt_broke queue_id=%s", each.consignment.message_id)
        finally:
            lane.begun.discard(each)

    async def _attempt(self, lane: Lane, consignment: Consignment) -> None:
        now = self._clock.now()
        route, verdict = self._look(lane, consignment)
        if verdict not in {Guard.GO, Guard.WAIT}:
            # What we know may be a second old, and a person may have mended it before releasing this very message.
            await asyncio.to_thread(self._register.refresh)
            route, verdict = self._look(lane, consignment)
        if route is None or verdict is Guard.WAIT:
            await self._close(lane, consignment, now + self._poll)
        elif verdict is not Guard.GO:
            await self._recorder.hold(consignment, verdict)
        elif (later := await self._paused_until(consignment, now)) is not None:
            # This integration alone waits: the lane stays open for the others.
            await self._give_back([consignment], later)
        elif (later := await self._room_at(route, consignment, now)) is not None:
            await self._close(lane, consignment, later)
        else:
            results = await self._courier.deliver(consignment, route)
            await self._settle(lane, route, consignment, results)

    def _look(self, lane: Lane, consignment: Consignment) -> tuple[Route | None, Guard]:
        snapshot = self._register.snapshot
        route = snapshot.routes.get(lane.route)
        integration = snapshot.integrations.get(consignment.integration_id)
        state = self._register.state_of(integration) if integration else None
        tried = is_test(snapshot, consignment.username)
        return route, check(consignment, route, integration, state, self._register.today(), is_test=tried)

    async def _paused_until(self, consignment: Consignment, now: float) -> float | None:
        pause = pause_of(consignment, self._register.snapshot, now)
        return await self._queue.take([pause], now) if isinstance(pause, Charge) else pause

    async def _room_at(self, route: Route, consignment: Consignment, now: float) -> float | None:
        routes = self._register.snapshot.routes.values()
        charges = ceilings_of(route, routes, self._register.today(), len(consignment.recipients))
        return await self._queue.take(charges, now) if charges else None

    async def _settle(
        self, lane: Lane, route: Route, consignment: Consignment, results: Sequence[AttemptResult]
    ) -> None:
        unanswered = all(isinstance(each.outcome, Deferred) and not each.outcome.counts for each in results)
        if unanswered and route.kind not in _MANY_SERVERS:
            lane.failures += 1
            pause = self._clock.now() + min(LONGEST_PAUSE, 2.0**lane.failures)
            lane.closed_until = pause
            self._recorder.record(consignment, route, results, pause)
            log.warning("event=upstream_closed route=%s failures=%d", lane.route, lane.failures)
            await self._give_back(lane.empty(), pause)
        else:
            lane.failures = 0
            self._recorder.record(consignment, route, results, None)
            await self._recorder.breathe()

    async def _close(self, lane: Lane, consignment: Consignment, until: float) -> None:
        lane.closed_until = max(lane.closed_until, until)
        await self._give_back([consignment, *lane.empty()], until)

    async def _give_back(self, consignments: Sequence[Consignment], due_at: float) -> None:
        if consignments:
            await self._queue.release(consignments, due_at)
