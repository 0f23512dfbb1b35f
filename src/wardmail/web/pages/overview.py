"""The first page: how mail stands, in four numbers that lead to their lists, and what somebody must see to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from starlette.responses import Response

from wardmail.manage.due import DueItem, due_items
from wardmail.model.reading import Record, Tally
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.words import moment

_WEEK = 604_800.0
_MOST_HELD = 200
_MOST_LISTED = 10
_FAILED = ("bounced", "expired", "rejected")


class OverviewPage:
    def __init__(self, services: ConsoleServices) -> None:
        self._services = services

    async def show(self, visit: Visit) -> Response:
        services, now = self._services, self._services.clock.now()
        tally = await asyncio.to_thread(services.messages.tally, now - _WEEK)
        held = await asyncio.to_thread(services.held.waiting, _MOST_HELD)
        register = services.world.register
        today = datetime.fromtimestamp(now, UTC).date()
        due = due_items(register.snapshot.integrations.values(), today, register.terms)
        return services.pages.draw(
            "overview.jinja",
            "Overview",
            visitor=visit.visitor,
            here="/",
            tiles=_tiles(tally, len(held)),
            is_partial=tally.is_partial,
            tasks=[*_held_task(held), *(_due_task(each) for each in due[:_MOST_LISTED])],
        )


def _tiles(tally: Tally, held: int) -> list[Mapping[str, object]]:
    states = tally.states
    sent = states.get("delivered", 0) + states.get("relayed", 0)
    failed = sum(states.get(each, 0) for each in _FAILED)
    more = "+" if held == _MOST_HELD else ""
    return [
        {"count": f"{sent:,}", "words": "delivered or handed on in 7 days", "to": "/messages?status=sent&when=week"},
        {
            "count": f"{states.get('deferred', 0):,}",
            "words": "of 7 days wait to be tried again",
            "to": "/messages?status=deferred&when=week",
        },
        {"count": f"{held:,}{more}", "words": "held for a decision", "to": "/held"},
        {
            "count": f"{failed:,}",
            "words": "failed in 7 days",
            "to": "/messages?status=failed&when=week",
            "alarm": failed > 0,
        },
    ]


def _held_task(held: Sequence[Record]) -> list[Mapping[str, object]]:
    if not held:
        return []
    urgent = sum(bool(each["time_critical"]) for each in held)
    oldest = min(str(each["received_at"]) for each in held)
    why = f"{urgent} time-critical. " if urgent else ""
    what = f"Decide about {len(held)} held cop{'y' if len(held) == 1 else 'ies'}"
    first = min((str(each["deadline"]) for each in held if each["deadline"]), default="")
    return [
        {"what": what, "to": "/held", "why": f"{why}The oldest has waited since {moment(oldest)}.", "by": moment(first)}
    ]


def _due_task(item: DueItem) -> Mapping[str, object]:
    by = "Now: mail is stopped" if item.grave else f"{item.on.day} {item.on:%B %Y}" if item.on else ""
    return {"what": f"Integration {item.integration}: {item.kind}", "why": item.what, "to": "", "by": by}
