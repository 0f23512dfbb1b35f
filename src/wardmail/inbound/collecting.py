"""Collects from mailboxes: looks, fetches, stores, and takes the upstream's copies away once their receipt has come."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections import Counter
from collections.abc import Callable

from wardmail.inbound.arrival import collected
from wardmail.inbound.working import Workers
from wardmail.inbound.world import InboundWorld
from wardmail.model.mailbox import Gone, MailboxItem, TooLarge
from wardmail.model.refusal import Unavailable
from wardmail.model.source import Source
from wardmail.ports import Mailbox, SeenItems

log = logging.getLogger(__name__)

CLAIM = 300.0
"""Seconds for which a process keeps a mailbox to itself; renewed with every message."""

SHORTEST_WAIT, LONGEST_WAIT = 5.0, 900.0
MOST_TRIES = 5
SETTLED_AT_ONCE = 200
TOO_STUBBORN = f"The service has failed {MOST_TRIES} times to give it to us, while it answers otherwise."


class MailboxRound:
    """One mailbox. `collect` is one look with all that follows from it.

    `failures`: how often each message was not given, which outlives a connection.
    """

    def __init__(
        self,
        world: InboundWorld,
        seen: SeenItems,
        workers: Workers,
        source: Source,
        mailbox: Mailbox,
        *,
        failures: Counter[str] | None = None,
    ) -> None:
        self._world = world
        self._seen = seen
        self._workers = workers
        self._source = source
        self._mailbox = mailbox
        self._failures = Counter() if failures is None else failures

    async def collect(self) -> int:
        """How many messages are new. Raises Unavailable; then the next round goes on from where this one was."""
        name = self._source.name
        listing = await self._mailbox.look(await self._seen.cursor(name))
        by_key = {item.key: item for item in listing.items}
        taken = 0
        for key in await self._seen.unseen(name, list(by_key)):
            await self._workers.wait_for_room()
            if not await self.claim():
                return taken
            taken += await self._take(by_key[key])
        # Only now: what a listing told and nobody fetched would never be told again.
        await self._seen.looked(name, self._world.clock.now(), listing.cursor, "")
        # Last: a service that lets nothing be moved keeps nothing back that came.
        await self.settle()
        return taken

    async def claim(self) -> bool:
        now = self._world.clock.now()
        return await self._seen.claim(self._source.name, now, now + CLAIM)

    async def settle(self) -> int:
        """Upstream copies of what the application has acknowledged."""
        name, settled = self._source.name, 0
        while keys := await self._seen.receipted(name, SETTLED_AT_ONCE):
            gone = await self._mailbox.settle(keys)
            await self._seen.settled(name, gone, self._world.clock.now())
            settled += len(gone)
            if len(gone) < len(keys) or len(keys) < SETTLED_AT_ONCE:
                break
        return settled

    async def _take(self, item: MailboxItem) -> bool:
        try:
            found = await self._mailbox.fetch(item)
        except Unavailable:
            self._failures[item.key] += 1
            if self._failures[item.key] < MOST_TRIES:
                raise
            await self._leave(item, TOO_STUBBORN)
            return False
        self._failures.pop(item.key, None)
        if isinstance(found, Gone):
            return False
        if isinstance(found, TooLarge):
            await self._leave(item, f"It has more than the {found.limit // 1024 // 1024} MiB that the account allows.")
            return False
        arrived = collected(self._world, self._source, found)
        digest = hashlib.sha256(found).hexdigest()
        is_new = await self._seen.collect(self._source.name, item.key, digest, arrived)
        if is_new:
            self._workers.begin_arrived(arrived)
        return is_new

    async def _leave(self, item: MailboxItem, problem: str) -> None:
        log.error("event=not_collected source=%s", self._source.name)
        await self._seen.note_problem(self._source.name, item.key, problem)


class Collecting:
    """All mailboxes of the register. One process of an installation runs it; `every` seconds without news it looks."""

    def __init__(
        self,
        world: InboundWorld,
        seen: SeenItems,
        workers: Workers,
        open_mailbox: Callable[[Source], Mailbox],
        *,
        every: float = 60.0,
    ) -> None:
        self._world = world
        self._seen = seen
        self._workers = workers
        self._open = open_mailbox
        self._every = every
        self._following: dict[Source, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Runs for as long as the process does, and follows the register: a record that changed is begun anew."""
        try:
            while True:
                with contextlib.suppress(Unavailable):
                    self._follow_register()
                await asyncio.sleep(1.0)
        finally:
            for task in self._following.values():
                task.cancel()
            await asyncio.gather(*self._following.values(), return_exceptions=True)

    def _follow_register(self) -> None:
        sources = self._world.register.snapshot.sources.values()
        wanted = {
            each for each in sources if each.is_collected and not each.paused and self._world.is_open(each.integration)
        }
        for source in [each for each, task in self._following.items() if each not in wanted or task.done()]:
            self._following.pop(source).cancel()
        for source in wanted - set(self._following):
            self._following[source] = asyncio.create_task(self._follow(source))

    async def _follow(self, source: Source) -> None:
        failures = 0
        refused: Counter[str] = Counter()
        while True:
            try:
                mailbox = self._open(source)
            except Exception as error:  # a library that is not installed, say: doctor and `source check` tell which
                log.error("event=mailbox_not_opened source=%s error=%s", source.name, type(error).__name__)
                await asyncio.sleep(LONGEST_WAIT)
                continue
            try:
                round_ = MailboxRound(self._world, self._seen, self._workers, source, mailbox, failures=refused)
                while await round_.claim():
                    taken = await round_.collect()
                    failures = 0
                    if taken:
                        log.info("event=collected source=%s messages=%d", source.name, taken)
                    # What is handed over meanwhile is settled soon, so a watch is not longer than a claim.
                    await mailbox.watch(min(self._every, CLAIM / 2))
            except Unavailable as error:
                failures += 1
                await self._note(source, error)
            except Exception as error:
                failures += 1
                log.error("event=collecting_broke source=%s error=%s", source.name, type(error).__name__)
                await self._note(source, Unavailable("the collecting", f"it broke ({type(error).__name__})"))
            finally:
                await mailbox.close()
            # Without a failure somebody else collects from it: he may end.
            pause = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(failures, 10))
            await asyncio.sleep(pause * (0.5 + self._world.jitter()))

    async def _note(self, source: Source, error: Unavailable) -> None:
        log.warning('event=mailbox_unavailable source=%s part="%s"', source.name, error.part)
        with contextlib.suppress(Unavailable):
            await self._seen.looked(source.name, self._world.clock.now(), "", f"{error.part}: {error.cause}"[:300])
