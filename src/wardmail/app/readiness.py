"""Asks each part of a running gateway whether it does its work, each within a budget of time and never twice at once."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wardmail.app.installation import Installation
from wardmail.app.set_up import PEPPER
from wardmail.edges.certificate_facts import certificate_facts
from wardmail.edges.smtp_listener import SmtpListener
from wardmail.edges.spool import RESERVE
from wardmail.model.readiness import Part
from wardmail.outbound.register_view import STALE_AFTER
from wardmail.outbound.world import World
from wardmail.store.setup import HEAD, schema_version

Check = Callable[[], Part]
Ask = Callable[[], Awaitable[Part]]

BUDGET = 2.0
"""Seconds for one part: a probe must hear "not ready" before it gives up itself."""

KEPT = 1.0
"""Seconds for which an answer is given again: however often anybody asks, the database is asked once."""

SILENT = "it did not answer in time"
BROKE = "it cannot be used; `wardmail doctor` says why"


class Readiness:
    """The parts are asked side by side. One that still thinks about the last question is not asked again."""

    def __init__(self, asks: Mapping[str, Ask], *, budget: float = BUDGET, kept: float = KEPT) -> None:
        self._asks = asks
        self._budget = budget
        self._kept = kept
        self._running: dict[str, asyncio.Task[Part]] = {}
        self._asked_at: dict[str, float] = {}

    async def parts(self) -> Sequence[Part]:
        return await asyncio.gather(*(self._part(name, ask) for name, ask in self._asks.items()))

    async def _part(self, name: str, ask: Ask) -> Part:
        now, running = time.monotonic(), self._running.get(name)
        if running is None or (running.done() and now - self._asked_at[name] >= self._kept):
            running = self._running[name] = asyncio.ensure_future(_answer(name, ask))
            self._asked_at[name] = now
        left = self._asked_at[name] + self._budget - now
        if not running.done():
            await asyncio.wait([running], timeout=max(0.0, left))
        return running.result() if running.done() else Part(name, False, SILENT)


async def _answer(name: str, ask: Ask) -> Part:
    try:
        return await ask()
    except Exception:
        # Its words may name hosts and files; they are for `wardmail doctor`.
        return Part(name, False, BROKE)


def apart(check: Check) -> Ask:
    """A check that blocks, in a thread of its own: one that never returns must not take a thread from the mail."""
    thread = ThreadPoolExecutor(1, "readiness")

    async def ask() -> Part:
        return await asyncio.get_running_loop().run_in_executor(thread, check)

    return ask


def standing_parts(installation: Installation) -> Mapping[str, Ask]:
    """What a worker and the command line can ask alike."""
    return {
        "database": apart(lambda: _database(installation)),
        "keystore": apart(lambda: _keystore(installation)),
        "disk": apart(lambda: _disk(installation)),
        "certificate": apart(lambda: _certificate(installation)),
    }


def parts_of_worker(installation: Installation, world: World, listeners: Sequence[SmtpListener]) -> Mapping[str, Ask]:
    """`listeners` may be filled later: until then it is not ready."""

    async def register() -> Part:
        if world.register.age > STALE_AFTER:
            return Part("register", False, "the store has not confirmed it for a minute")
        return Part("register", True, "is up to date")

    async def doors() -> Part:
        is_open = bool(listeners) and all(each.is_listening for each in listeners)
        return Part("listeners", is_open, "are open" if is_open else "are closed")

    return {**standing_parts(installation), "register": register, "listeners": doors}


def _database(installation: Installation) -> Part:
    version = schema_version(installation.database)
    if version != HEAD:
        return Part("database", False, "its schema is of another version")
    return Part("database", True, "answers")


def _keystore(installation: Installation) -> Part:
    assert installation.keystore.reveal(PEPPER)
    return Part("keystore", True, "opens")


def _disk(installation: Installation) -> Part:
    """Below the spool's reserve large messages are answered 451."""
    places = {installation.settings.data, installation.settings.data / "spool"}
    free = min(shutil.disk_usage(each).free for each in places)
    enough = free >= RESERVE
    return Part("disk", enough, "has room" if enough else "is nearly full: mail is answered 451")


def _certificate(installation: Installation) -> Part:
    facts = certificate_facts(Path(installation.settings["tls.certificate"]))
    if facts.expires_at <= installation.clock.now():
        return Part("certificate", False, "has expired")
    return Part("certificate", True, "is in date")
