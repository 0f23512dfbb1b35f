"""Takes arrivals along the walk: those that just came in, and those that are due because nobody could, or somebody died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection

from wardmail.inbound import recording
from wardmail.inbound.waiting_sender import WaitingSender
from wardmail.inbound.walk import step
from wardmail.inbound.world import InboundWorld
from wardmail.model.arrival import Arrival, Arrived, RawMail
from wardmail.model.refusal import Unavailable

log = logging.getLogger(__name__)

AT_ONCE, MOST_IN_HAND = 32, 256
BROKEN = "The gateway made a mistake with it; its log has more."


class Scales:
    """So many octets may be in hand at once; one message that is larger than all of it is in hand alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def holding(self, octets: int) -> AsyncIterator[None]:
        weight = min(octets, self._most)
        async with self._changed:
            await self._changed.wait_for(lambda: self._taken + weight <= self._most)
            self._taken += weight
        try:
            yield
        finally:
            async with self._changed:
                self._taken -= weight
                self._changed.notify_all()


class Workers:
    """One for each process. `every` in seconds: how often the store is asked for what is due."""

    def __init__(self, world: InboundWorld, every: float = 1.0) -> None:
        self._world = world
        self._every = every
        self._scales = Scales(world.settings.memory)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._renewed_at = 0.0
        self._is_draining = False

    @property
    def in_hand(self) -> Collection[str]:
        return tuple(self._in_hand)

    @property
    def is_full(self) -> bool:
        """Who brings more now had better come later."""
        return len(self._in_hand) >= MOST_IN_HAND

    async def wait_for_room(self) -> None:
        while len(self._in_hand) >= AT_ONCE:
            await asyncio.wait(tuple(self._in_hand.values()), return_when=asyncio.FIRST_COMPLETED)

    def begin(self, arrival: Arrival, raw: RawMail | None = None, sender: WaitingSender | None = None) -> None:
        """Go on with what this process holds the lease of."""
        task = asyncio.create_task(self._work(arrival, raw, sender))
        self._in_hand[arrival.id] = task
        task.add_done_callback(lambda _: self._in_hand.pop(arrival.id, None))

    def begin_arrived(self, arrived: Arrived, sender: WaitingSender | None = None) -> None:
        self.begin(arrived.arrival, arrived.raw, sender)

    async def run(self) -> None:
        """Runs for as long as the process does."""
        while True:
            try:
                await self._renew()
                if await self.sweep():
                    with contextlib.suppress(TimeoutError):
                        # Not for ever: what is in hand wants its leases renewed.
                        await asyncio.wait_for(self.wait_for_room(), self._every)
                    continue
            except Unavailable as error:
                log.warning('event=arrivals_not_swept part="%s"', error.part)
            except Exception:
                log.exception("event=arrival_sweep_broke")
            await asyncio.sleep(self._every)

    async def sweep(self) -> bool:
        """Take what is due; True when there may be more, and room for it."""
        room = AT_ONCE - len(self._in_hand)
        if room <= 0 or self._is_draining:
            return False
        now = self._world.clock.now()
        due = await self._world.arrivals.lease(room, now, now + self._world.settings.lease)
        for each in due:
            if each.id not in self._in_hand:
                self.begin(each)
        return len(due) == room

    async def drain(self, patience: float) -> None:
        """Let what is in hand finish; what does not is given back."""
        self._is_draining = True
        if self._in_hand:
            await asyncio.wait(tuple(self._in_hand.values()), timeout=patience)
        left = tuple(self._in_hand.items())
        for _, task in left:
            task.cancel()
        with contextlib.suppress(Unavailable):
            await self._world.arrivals.release([arrival_id for arrival_id, _ in left])
        await self._world.courier.close()
        await self._world.inspector.close()
        for scanner in self._world.scanners:
            await scanner.close()

    async def _renew(self) -> None:
        now, lease = self._world.clock.now(), self._world.settings.lease
        if now - self._renewed_at > lease / 3:
            self._renewed_at = now
            await self._world.arrivals.renew(tuple(self._in_hand), now + lease)

    async def _work(self, arrival: Arrival, raw: RawMail | None, sender: WaitingSender | None) -> None:
        try:
            # A sender that waits goes first: it must not stand behind what was put off.
            async with self._scales.holding(arrival.size), self._turns if sender is None else contextlib.nullcontext():
                await step(self._world, arrival, raw, sender, later=lambda: len(self._in_hand) > 2 * AT_ONCE)
        except Unavailable as error:
            log.warning('event=arrival_waits arrival=%s part="%s"', arrival.id, error.part)
        except Exception as error:
            # The text of an unforeseen exception may hold part of a message; its type and place do not.
            log.error("event=arrival_broke arrival=%s error=%s", arrival.id, type(error).__name__)
            await self._set_aside(arrival)
        finally:
            if sender is not None:
                sender.tell(None)

    async def _set_aside(self, arrival: Arrival) -> None:
        """What breaks our own work is not tried for ever: a person must look."""
        with contextlib.suppress(Unavailable):
            await self._world.arrivals.change(recording.stuck(arrival, BROKEN))
