"""Looks through the register each day: tells owners what falls due, once for each threshold, and notes gaps (RECV-8)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date
from functools import partial

from wardmail.model.address import Address
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.stored import AcceptedMessage, Event
from wardmail.outbound.notices import make_notice, notice_domain
from wardmail.outbound.register_watch import RegisterWatch
from wardmail.outbound.signing import apart_when_remote
from wardmail.outbound.world import World
from wardmail.policy.completeness import missing
from wardmail.policy.review import Cause, ReviewWarning, warning_for
from wardmail.protocol.address import parse_address

log = logging.getLogger(__name__)

NoteGap = Callable[[str, date], None]
"""Writes into a live record since when it has lacked something, or that it lacks nothing any more. Blocks."""


class ReviewWatch(RegisterWatch):
    def __init__(self, world: World, note_gap: NoteGap, every: float = 30.0) -> None:
        super().__init__(world, every)
        self._note_gap = note_gap

    async def _look(self, today: date) -> int:
        told = 0
        for each in list(self._world.register.snapshot.integrations.values()):
            if each.state is IntegrationState.LIVE:
                await self._mind_gap(each, today)
                told += await self._warn(each, today)
        return told

    async def _mind_gap(self, integration: Integration, today: date) -> None:
        if bool(missing(integration)) != (integration.registration.incomplete_since is not None):
            await asyncio.to_thread(self._note_gap, integration.id, today)

    async def _warn(self, integration: Integration, today: date) -> bool:
        warning = warning_for(integration, today, self._world.register.terms)
        if warning is None:
            return False
        key = f"review {integration.id} {warning.deadline.on} {warning.deadline.cause.name} {warning.stage}"
        make = partial(_message, self._world, integration, warning)
        message = await apart_when_remote(self._world, notice_domain(self._world), make)
        people = len(message.recipients) if message else 0
        detail: dict[str, object] = {
            "stage": warning.stage,
            "deadline": warning.deadline.on.isoformat(),
            "why": warning.deadline.cause.value,
            "people": people,
        }
        event = Event("ReviewWarned", self._world.clock.now(), "wardmail", None, integration.id, detail)
        given = await self._world.queue.put_once(key, event, (message,) if message else ())
        if given:
            log.warning(
                "event=review_warned integration=%s stage=%s deadline=%s people=%d",
                integration.id,
                warning.stage,
                warning.deadline.on,
                people,
            )
        return given


def _message(world: World, integration: Integration, warning: ReviewWarning) -> AcceptedMessage | None:
    """To owner, deputy and contacts, by the integration's route or the one that settings name; None without either."""
    record = integration.registration
    people = [each for each in (record.owner, record.deputy, *record.contacts) if each is not None]
    to = [address for each in people if isinstance(address := parse_address(each.email), Address)]
    to = list(dict.fromkeys(to))
    route = world.settings.notice_route or integration.route
    if not to or route not in world.register.snapshot.routes:
        return None
    return make_notice(world, to, _subject(integration, warning), _lines(integration, warning), route=route)


def _subject(integration: Integration, warning: ReviewWarning) -> str:
    stages = {"due": "mail is held", "lapsed": "mail is refused"}
    return f"E-mail integration {integration.id}: {stages.get(warning.stage, f'due on {warning.deadline.on}')}"


def _lines(integration: Integration, warning: ReviewWarning) -> list[str]:
    lines = [f"The e-mail integration {integration.name} ({integration.id}) must be seen to.", "", warning.words, ""]
    if warning.deadline.cause is Cause.INCOMPLETE:
        lines += ["Its record lacks:", *(f"  - {each.words}" for each in missing(integration)), ""]
    else:
        causes = {Cause.REVIEW: "Its review date", Cause.END: "Its agreed end date"}
        lines += [f"{causes[warning.deadline.cause]} is {warning.deadline.on}.", ""]
    dates = {Cause.REVIEW: "--review-date YYYY-MM-DD", Cause.END: "--end-date YYYY-MM-DD", Cause.INCOMPLETE: "..."}
    return [
        *lines,
        "What to do: review the record, then run",
        f"  wardmail integration show {integration.id}",
        f"  wardmail integration change {integration.id} {dates[warning.deadline.cause]} --reason '...'",
        "Mail that was accepted is held, not lost. In need, two people can let it send for some days:",
        f"  wardmail integration override {integration.id} --until YYYY-MM-DD --reason '...'",
    ]
