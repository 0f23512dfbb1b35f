"""The first page: how mail stands, in four numbers that lead to their lists, and what somebody must see to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from starlette.responses import Response

from wardmail.manage.due import DueItem, due_items
from wardmail.model.reading import Record
from wardmail.model.register import RegisterSnapshot
from wardmail.policy.agreement_endings import endings, is_carried_on
from wardmail.policy.list_age import ListEnding, ListStage, list_ending
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.traffic import by_domain, each_day, starts_of_days, states_of
from wardmail.web.pages.words import day, moment

_SOON_ENDS = 60
"""Days."""

_SOON_EXPIRES = 30 * 86_400.0
_MOST_HELD = 200
_MOST_LISTED = 10
_FAILED = ("bounced", "expired", "rejected")


class OverviewPage:
    def __init__(self, services: ConsoleServices) -> None:
        self._services = services

    async def show(self, visit: Visit) -> Response:
        services, now = self._services, self._services.clock.now()
        starts = starts_of_days(now)
        counted = await asyncio.to_thread(services.figures.copies, starts)
        held = await asyncio.to_thread(services.held.waiting, _MOST_HELD)
        register = services.world.register
        today = datetime.fromtimestamp(now, UTC).date()
        due = due_items(register.snapshot.integrations.values(), today, register.terms)
        return services.pages.draw(
            "overview.jinja",
            "Overview",
            visitor=visit.visitor,
            here="/",
            tiles=_tiles(states_of(counted.value), len(held)),
            is_partial=counted.is_partial,
            pictures=[each for each in (each_day(counted.value, starts), by_domain(counted.value)) if each],
            tasks=[
                *first_tasks(register.snapshot),
                *_held_task(held),
                *_first([_due_task(each) for each in due], "/integrations"),
                *_first(_ending_tasks(register.snapshot, today), "/sharing"),
                *_list_task(list_ending(register.snapshot, today)),
                *_first(_expiring_tasks(register.snapshot, now), "/integrations"),
            ],
        )


def _tiles(states: Mapping[str, int], held: int) -> list[Mapping[str, object]]:
    sent = states.get("delivered", 0) + states.get("relayed", 0)
    failed = sum(states.get(each, 0) for each in _FAILED)
    return [
        {"count": f"{sent:,}", "words": "delivered or handed on in 7 days", "to": "/messages?status=sent&when=week"},
        {
            "count": f"{states.get('deferred', 0):,}",
            "words": "delayed in 7 days, and tried again",
            "to": "/messages?status=deferred&when=week",
        },
        {"count": _held_count(held), "words": "held for a decision", "to": "/held"},
        {
            "count": f"{failed:,}",
            "words": "failed in 7 days",
            "to": "/messages?status=failed&when=week",
            "alarm": failed > 0,
        },
    ]


def _held_count(held: int) -> str:
    return f"{held:,}{'+' if held == _MOST_HELD else ''}"


def first_tasks(snapshot: RegisterSnapshot) -> list[Mapping[str, object]]:
    """What a new gateway lacks: without it every other page is empty."""
    tasks: list[Mapping[str, object]] = []
    if not snapshot.routes:
        to = "/docs/how-to/run-for-real"
        tasks.append({"what": "Make a route", "why": "Without one no mail leaves this gateway.", "to": to})
    if not snapshot.integrations:
        why = "No application can send or receive by this gateway yet."
        tasks.append({"what": "Register the first integration", "why": why, "to": "/new-integration"})
    return tasks


def _held_task(held: Sequence[Record]) -> list[Mapping[str, object]]:
    if not held:
        return []
    urgent = sum(bool(each["time_critical"]) for each in held)
    oldest = min(str(each["received_at"]) for each in held)
    why = f"{urgent} time-critical. " if urgent else ""
    what = f"Decide about {_held_count(len(held))} held cop{'y' if len(held) == 1 else 'ies'}"
    first = min((str(each["deadline"]) for each in held if each["deadline"]), default="")
    return [
        {"what": what, "to": "/held", "why": f"{why}The oldest has waited since {moment(oldest)}.", "by": moment(first)}
    ]


def _first(tasks: Sequence[Mapping[str, object]], to: str) -> Sequence[Mapping[str, object]]:
    """Of one kind as many as a person reads; a last one tells how many there are besides, and where."""
    more = len(tasks) - _MOST_LISTED
    if more <= 0:
        return tasks
    what = f"{more:,} more like {'this' if more == 1 else 'these'}"
    return [*tasks[:_MOST_LISTED], {"what": what, "why": "Look at each of them.", "to": to, "by": ""}]


def _due_task(item: DueItem) -> Mapping[str, object]:
    by = "Now: mail is stopped" if item.grave else day(item.on)
    to = f"/integrations/{item.integration}/{'go-live' if item.kind == 'asked' else 'record'}"
    return {"what": f"Integration {item.integration}: {item.kind}", "why": item.what, "to": to, "by": by}


def _ending_tasks(snapshot: RegisterSnapshot, today: date) -> Sequence[Mapping[str, object]]:
    return [
        {
            "what": f"Renew the sharing agreement with {each.partner}",
            "why": "What it lets go is held when it ends.",
            "to": f"/sharing/{each.id}",
            "by": day(each.ends),
        }
        for left, each in endings(snapshot.agreements.values(), today)
        if left <= _SOON_ENDS and not is_carried_on(each, snapshot.agreements.values(), today)
    ]


def _list_task(ending: ListEnding | None) -> Sequence[Mapping[str, object]]:
    if ending is None:
        return []
    why = (
        "Who was accredited since is not known to be secure. The mail team imports the new one: wardmail lists import."
    )
    by = "Now: it is out of date" if ending.stage is ListStage.OVER else day(ending.on)
    return [{"what": "Bring the list of accredited organisations up to date", "why": why, "to": "/settings", "by": by}]


def _expiring_tasks(snapshot: RegisterSnapshot, now: float) -> Sequence[Mapping[str, object]]:
    soon = [
        each
        for each in snapshot.credentials.values()
        if each.revoked_at is None and each.expires_at is not None and now < each.expires_at < now + _SOON_EXPIRES
    ]
    return [
        {
            "what": f"Replace the credential {each.username}",
            "why": "The application cannot log in when it has expired.",
            "to": f"/integrations/{each.integration_id}/credentials",
            "by": moment(each.expires_at),
        }
        for each in sorted(soon, key=lambda each: each.expires_at or 0.0)
    ]
