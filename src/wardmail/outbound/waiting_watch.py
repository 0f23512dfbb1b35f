"""Tells people of mail that came in and waits for them: at once, then gathered, then daily until somebody decides."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from wardmail.model.address import Address
from wardmail.model.integration import Integration
from wardmail.model.person import Permission, Person, Role
from wardmail.model.refusal import Unavailable
from wardmail.model.stored import Event
from wardmail.model.waiting import WaitingItem, WaitingKind, WaitingTold
from wardmail.model.webhook import WebhookMessage
from wardmail.outbound.notices import make_notice, notice_domain, posted
from wardmail.outbound.signing import apart_when_remote
from wardmail.outbound.world import World
from wardmail.ports import WaitingMail

log = logging.getLogger(__name__)

GATHERED = 3600.0
"""Seconds between two notices about one integration: a flood of spam is one notice, and not a flood of them."""
REMINDED = 86_400.0
MOST_LISTED = 20
_AT_ONCE = 5000

People = Callable[[], Mapping[str, Person]]

_NEEDS = {
    WaitingKind.QUARANTINED: Permission.RELEASE_HOLDS,
    WaitingKind.DEAD_LETTER: Permission.OPERATE_QUEUE,
    WaitingKind.REJECTED: Permission.OPERATE_QUEUE,
    WaitingKind.NOT_COLLECTED: Permission.OPERATE_QUEUE,
}
_WORDS = {
    WaitingKind.QUARANTINED: ("in quarantine", "wardmail quarantine list; release ID or delete ID"),
    WaitingKind.DEAD_LETTER: ("could not be handed over", "wardmail inbound list --status dead-letter; redrive ID"),
    WaitingKind.REJECTED: ("rejected by the application", "wardmail inbound show ID"),
    WaitingKind.NOT_COLLECTED: ("could not be collected; they lie upstream", "wardmail source show NAME; retry"),
}


class WaitingWatch:
    """One process of an installation runs it. Two that do are safe: the second finds that people were told just now."""

    def __init__(self, world: World, waiting: WaitingMail, people: People, every: float = 5.0) -> None:
        self._world = world
        self._waiting = waiting
        self._people = people
        self._every = every

    async def run(self) -> None:
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                log.warning('event=waiting_sweep_failed part="%s"', error.part)
            except Exception:
                log.exception("event=waiting_sweep_broke")
            await asyncio.sleep(self._every)

    async def sweep(self) -> None:
        now = self._world.clock.now()
        found = await self._waiting.look(now, _AT_ONCE)
        of: dict[str, list[WaitingItem]] = {}
        for each in found.items:
            owned = self._owned(each)
            if owned.integration:
                of.setdefault(owned.integration, []).append(owned)
        due = {name: items for name, items in of.items() if is_due(items, found.last_told.get(name), now)}
        people = await asyncio.to_thread(self._people) if due else {}
        for name, items in due.items():
            await self._tell(name, items, found.last_told.get(name), people)

    def _owned(self, item: WaitingItem) -> WaitingItem:
        source = self._world.register.snapshot.sources.get(item.source)
        return item if item.integration or source is None else replace(item, integration=source.integration)

    async def _tell(
        self, name: str, items: Sequence[WaitingItem], before: float | None, people: Mapping[str, Person]
    ) -> None:
        """A rejection is told once: nobody decides about it."""
        now, integration = self._world.clock.now(), self._world.register.snapshot.integrations.get(name)
        told = [each for each in items if each.told_at is None or each.kind is not WaitingKind.REJECTED]
        counts = Counter(each.kind for each in told)
        new = sum(each.told_at is None for each in told)
        to = addressees(counts, integration, people)
        notices = []
        if to:
            subject, lines = in_words(name, told, new)
            route = integration.route if integration else ""
            make = partial(make_notice, self._world, to, subject, lines, route=route)
            notices.append(await apart_when_remote(self._world, notice_domain(self._world), make))
        else:
            log.critical("event=waiting_alert_reaches_nobody integration=%s messages=%d", name, len(told))
        detail: dict[str, object] = {kind.value: count for kind, count in sorted(counts.items())}
        detail |= {"new": new, "told": len(to)}
        event = Event("InboundAlerted", now, "wardmail", None, name, detail)
        word = self._posted(name, told, new)
        await self._waiting.told(WaitingTold(name, tuple(items), before, tuple(notices), (word,), event))

    def _posted(self, name: str, items: Sequence[WaitingItem], new: int) -> WebhookMessage:
        counts = Counter(each.kind.value for each in items)
        ids = [each.id for each in _listed(items)]
        data = {"integration": name, "new": new, "waiting": dict(counts), "arrivals": ids}
        return posted(self._world, "inbound.waiting", data)


def is_due(items: Sequence[WaitingItem], last: float | None, now: float) -> bool:
    """What is new is told at once, or an hour after the last notice; what is known, a day after it."""
    if any(each.told_at is None for each in items):
        return last is None or now - last >= GATHERED
    lasting = [each for each in items if each.kind is not WaitingKind.REJECTED]
    return bool(lasting) and (last is None or now - last >= REMINDED)


def addressees(
    counts: Mapping[WaitingKind, int], integration: Integration | None, people: Mapping[str, Person]
) -> tuple[Address, ...]:
    """Whose role it is, and the integration's own contacts; the gateway's owners when no such person can be told."""
    needed = {_NEEDS[kind] for kind in counts}
    here = [each for each in people.values() if each.is_here and each.email]
    able = [each for each in here if Role.OWNER not in each.roles and any(map(each.may, needed))]
    owners = [each for each in here if Role.OWNER in each.roles]
    emails = [each.email for each in able or owners]
    if integration is not None:
        record = integration.registration
        emails += [each.email for each in (record.owner, record.deputy, *record.contacts) if each is not None]
    unique = {each.lower(): each for each in reversed(emails)}
    return tuple(_address(each) for each in reversed(unique.values()))


def in_words(name: str, items: Sequence[WaitingItem], new: int) -> tuple[str, list[str]]:
    """Subject and lines: how many, which, what to do; nothing of what they say, and nobody's address."""
    many = len(items)
    again = "" if new else "Still waiting: "
    subject = f"{again}{many} message{'s' * (many > 1)} for {name}: a person must look"
    lines = [f"Mail that came in for {name} waits for a person; {new} of it {'is' if new == 1 else 'are'} new.", ""]
    counts = Counter(each.kind for each in items)
    for kind in WaitingKind:
        if counts[kind]:
            lines += [f"  {counts[kind]} {_WORDS[kind][0]}", f"    Look: {_WORDS[kind][1]}"]
    sources = sorted({each.source for each in items if each.kind is WaitingKind.NOT_COLLECTED})
    lines += [f"    Sources: {', '.join(sources)}"] if sources else []
    listed = _listed(items)
    lines += ["", *(f"  {each.id} ({each.kind.value})" for each in listed)] if listed else []
    more = many - counts[WaitingKind.NOT_COLLECTED] - len(listed)
    lines += [f"  … and {more} more: wardmail inbound list --integration {name}"] if more > 0 else []
    return subject, [*lines, "", "This word comes again each day until somebody has decided."]


def _listed(items: Sequence[WaitingItem]) -> list[WaitingItem]:
    """What is new goes first. A mailbox's own names say nothing to people."""
    arrivals = [each for each in items if each.kind is not WaitingKind.NOT_COLLECTED]
    return sorted(arrivals, key=lambda each: (each.told_at is not None, each.id))[:MOST_LISTED]


def _address(email: str) -> Address:
    local, _, domain = email.rpartition("@")
    return Address(local, domain)
