"""Sees to held copies: each becomes a task with an owner, a deadline and a stated end, and alerts on a clock until decided."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from wardmail.model.address import Address
from wardmail.model.hold import Ending, HeldCopy, Hold, HoldTerms, reminder_after
from wardmail.model.person import Permission, Person, Role
from wardmail.model.refusal import Unavailable
from wardmail.model.stored import AcceptedMessage, Event
from wardmail.model.webhook import WebhookMessage
from wardmail.outbound.notices import make_notice, notice_domain, posted
from wardmail.outbound.reporting import Reporter
from wardmail.outbound.signing import apart_when_remote
from wardmail.outbound.world import World
from wardmail.ports import Holds

log = logging.getLogger(__name__)

PEOPLE_OF = "role:"
DIGEST = 900.0
"""Seconds; ordinary holds are announced together, so that a hundred of them are one notice and not a hundred."""

MOST_LISTED = 20

People = Callable[[], Mapping[str, Person]]


class HoldKeeper:
    """One process of an installation runs it; `every` in seconds is how soon an urgent hold is noticed."""

    def __init__(self, world: World, holds: Holds, people: People, every: float = 1.0) -> None:
        self._world = world
        self._holds = holds
        self._people = people
        self._every = every
        self._reporter = Reporter(world)

    async def run(self) -> None:
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                log.warning('event=hold_sweep_failed part="%s"', error.part)
            except Exception:
                log.exception("event=hold_sweep_broke")
            await asyncio.sleep(self._every)

    async def sweep(self, limit: int = 200) -> None:
        now, terms = self._world.clock.now(), self._world.settings.holds
        await self._holds.close_settled(now)
        copies = await self._holds.without_task(limit)
        if copies:
            await self._holds.open([open_task(each, terms, now) for each in copies])
        due = await self._holds.due(now, limit)
        for each in [hold for hold in due if _is_over(hold, now)]:
            await self._end(each, now)
        waiting = [hold for hold in due if not _is_over(hold, now)]
        if waiting:
            await self._alert(waiting, await asyncio.to_thread(self._people), now)

    async def _end(self, hold: Hold, now: float) -> None:
        reports = await self._reporter.on_hold_ended(hold.message_id, [hold.n])
        detail: dict[str, object] = {"n": hold.n, "reason": "nobody decided by the deadline", "owner": hold.owner}
        event = Event("HoldExpired", now, "wardmail", hold.message_id, f"recipient {hold.n}", detail)
        if await self._holds.end(hold, reports, event):
            log.warning("event=hold_expired queue_id=%s recipient=%d", hold.message_id, hold.n)

    async def _alert(self, due: Sequence[Hold], people: Mapping[str, Person], now: float) -> None:
        """One notice for each group of people and kind; an urgent message has a notice to itself."""
        terms = self._world.settings.holds
        notices: list[AcceptedMessage] = []
        for _, group in groupby(sorted(due, key=_together), key=_together):
            holds = list(group)
            to = addressees(holds[0], people)
            if not to:
                log.critical(
                    "event=hold_alert_reaches_nobody queue_id=%s urgent=%s", holds[0].message_id, holds[0].urgent
                )
                continue
            make = partial(self._notice, holds, to, now)
            notices.append(await apart_when_remote(self._world, notice_domain(self._world), make))
        later = [
            replace(each, level=each.level + 1, alert_at=now + reminder_after(terms, each.urgent, each.level))
            for each in due
        ]
        delays = [report for each in due if each.level == 1 for report in await self._delay_notice(each)]
        await self._holds.alerted(later, [*notices, *delays], [self._posted(each) for each in due])

    async def _delay_notice(self, hold: Hold) -> Sequence[AcceptedMessage]:
        """Whoever sent it hears, once, that it waits for a person: at the second alert, for many are decided by then."""
        try:
            return await self._reporter.on_hold(hold.message_id, [hold.n])
        except Unavailable:
            raise
        except Exception:
            log.exception("event=report_broke queue_id=%s", hold.message_id)
            return ()

    def _notice(self, holds: Sequence[Hold], to: Sequence[Address], now: float) -> AcceptedMessage:
        first = holds[0]
        integration = self._world.register.snapshot.integrations.get(first.integration)
        subject, lines = in_words(holds, now)
        route = integration.route if integration else ""
        return make_notice(self._world, to, subject, lines, route=route)

    def _posted(self, hold: Hold) -> WebhookMessage:
        kind = "hold.opened" if hold.level == 0 else "hold.escalated"
        data = {
            "message_id": hold.message_id,
            "recipient_no": hold.n,
            "integration": hold.integration,
            "time_critical": hold.urgent,
            "owner": hold.owner,
            "level": hold.level,
            "deadline": hold.deadline,
        }
        return posted(self._world, kind, data)


def open_task(copy: HeldCopy, terms: HoldTerms, now: float) -> Hold:
    owner = f"{PEOPLE_OF}{(Role.CLINICIAN if copy.urgent else Role.GOVERNANCE).value}"
    return Hold(
        message_id=copy.message_id,
        n=copy.n,
        opened_at=copy.held_at,
        integration=copy.integration,
        domain=copy.domain,
        urgent=copy.urgent,
        why=copy.why,
        owner=owner,
        deadline=copy.held_at + (terms.urgent_within if copy.urgent else terms.decide_within),
        ending=Ending.KEEP if copy.urgent else terms.ending,
        level=0,
        alert_at=now if copy.urgent else (now // DIGEST + 1) * DIGEST,
    )


def addressees(hold: Hold, people: Mapping[str, Person]) -> tuple[Address, ...]:
    """The owner first; the second time everybody who may decide; the third time the gateway's owners as well.

    When the first circle has nobody with an e-mail address, the next one is told at once.
    """
    circles = (
        [each for each in people.values() if _is_owner(each, hold.owner)],
        [each for each in people.values() if may_decide(each, hold.urgent) and Role.OWNER not in each.roles],
        [each for each in people.values() if each.is_here and Role.OWNER in each.roles],
    )
    found: dict[Address, None] = {}
    for circle, group in enumerate(circles):
        if circle <= hold.level or not found:
            found |= dict.fromkeys(_address(each) for each in group if each.is_here and each.email)
    return tuple(found)


def may_decide(person: Person, urgent: bool) -> bool:
    """Who may release holds may release all; a clinician, what is time-critical (SHARE-9)."""
    return person.may(Permission.RELEASE_HOLDS) or (urgent and person.may(Permission.RELEASE_TIME_CRITICAL))


def in_words(holds: Sequence[Hold], now: float) -> tuple[str, list[str]]:
    """Subject and lines of a notice: who, where to, how long, what to do; nothing of the message's content."""
    first, many = holds[0], len(holds)
    again = "Still waiting: " if first.level else ""
    if first.urgent:
        subject = f"{again}TIME-CRITICAL message held: a person must decide now"
    else:
        subject = f"{again}{many} held message{'s' * (many > 1)}: a person must decide"
    lines = ["These copies wait for a person. Nothing is lost, and nothing is sent until somebody decides.", ""]
    for hold in holds[:MOST_LISTED]:
        lines += [
            f"  {hold.message_id}, from {hold.integration}, to somebody at {hold.domain}",
            f"    waiting for {(now - hold.opened_at) / 3600:.1f} hours: {hold.why}",
            f"    {_end_in_words(hold, now)}",
        ]
    if many > MOST_LISTED:
        lines.append(f"  … and {many - MOST_LISTED} more: wardmail hold list")
    if first.urgent:
        lines += ["", "If care waits for it, tell the recipient another way now."]
    return subject, [*lines, "", "Look: wardmail hold show ID    Decide: wardmail hold release ID, or hold cancel ID"]


def _end_in_words(hold: Hold, now: float) -> str:
    left = max(0.0, hold.deadline - now) / 3600
    if hold.ending is Ending.KEEP:
        return "It stays held until somebody decides; this alert comes again."
    return f"If nobody decides within {left:.0f} hours, it goes back to its sender unsent."


def _is_over(hold: Hold, now: float) -> bool:
    return hold.ending is Ending.RETURN and hold.deadline <= now


def _together(hold: Hold) -> tuple[object, ...]:
    return hold.owner, hold.level, hold.urgent, hold.message_id if hold.urgent else ""


def _is_owner(person: Person, owner: str) -> bool:
    if owner.startswith(PEOPLE_OF):
        return Role(owner.removeprefix(PEOPLE_OF)) in person.roles
    return person.id == owner


def _address(person: Person) -> Address:
    local, _, domain = person.email.rpartition("@")
    return Address(local, domain)
