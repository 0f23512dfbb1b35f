"""Looks at our own domains each day, and tells of every check that came out worse than before (SHARE-17)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from wardmail.assurance.domain_desk import DomainDesk
from wardmail.model.own_domain import DomainReport, Verdict, Worsening
from wardmail.model.refusal import Unavailable
from wardmail.model.retention import A_DAY
from wardmail.ports import Clock

log = logging.getLogger(__name__)

_NEWS = 2 * A_DAY
"""Seconds after which nobody is told any more of what was seen then: whoever comes back after weeks looks for themselves."""

_MOST_LOOKS = 50
_BADNESS = {Verdict.GOOD: 0, Verdict.NOT_USED: 1, Verdict.IMPROVE: 1, Verdict.FIX: 2}


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """In seconds: how often a domain is looked at, and how often somebody asks whether it is time."""

    look_every: float = A_DAY
    sweep_every: float = 600.0


class DomainWatch:
    """One process of an installation runs it. Two that do are safe: whoever tells, tells each thing once."""

    def __init__(
        self,
        desk: DomainDesk,
        ours: Callable[[], Collection[str]],
        tell: Callable[[DomainReport, Sequence[Worsening]], Awaitable[None]],
        clock: Clock,
        settings: WatchSettings | None = None,
    ) -> None:
        """`ours` blocks; `tell` is called again and again about the same look while it is news."""
        self._desk = desk
        self._ours = ours
        self._tell = tell
        self._clock = clock
        self._settings = settings or WatchSettings()

    async def run(self) -> None:
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                log.warning('event=domain_sweep_failed part="%s"', error.part)
            except Exception as error:
                log.error("event=domain_sweep_broke error=%s", type(error).__name__)
            await asyncio.sleep(self._settings.sweep_every)

    async def sweep(self) -> None:
        """One domain after another, so that others' servers and our own DNS get no flood."""
        for domain in await asyncio.to_thread(self._ours):
            try:
                await self._watch(domain)
            except Unavailable:
                raise
            except Exception as error:  # what breaks at one domain must not hide the others
                log.error("event=domain_look_broke error=%s", type(error).__name__)

    async def _watch(self, domain: str) -> None:
        looks = await self._desk.history(domain, 1)
        if not looks or looks[0].checked_at <= self._clock.now() - self._settings.look_every:
            await self._desk.verify(domain)
        # By what is kept, not by our own look: a person may have seen it first, and the others would never hear.
        for look, worse in worsenings(await self._desk.history(domain, _MOST_LOOKS)):
            if look.checked_at > self._clock.now() - _NEWS:
                await self._tell(look, worse)


def worsenings(looks: Sequence[DomainReport]) -> list[tuple[DomainReport, tuple[Worsening, ...]]]:
    """Of looks at one domain, the newest first: those at which something was worse than when it could last be told."""
    known: dict[str, Verdict] = {}
    found = []
    for look in reversed(looks):
        told = {each.check: each.verdict for each in look.findings if each.verdict is not Verdict.UNKNOWN}
        worse = tuple(
            Worsening(each, known[each.check])
            for each in look.findings
            if each.check in told and each.check in known and _BADNESS[each.verdict] > _BADNESS[known[each.check]]
        )
        if worse:
            found.append((look, worse))
        known |= told
    return found
