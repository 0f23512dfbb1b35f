"""The list of messages, found by one box, newest first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import urlencode

from starlette.responses import Response

from wardmail.manage.message_search import found_by, rule_in_words
from wardmail.manage.status_words import WORDS
from wardmail.model.reading import FoundBy, NoSuchPage, Page, Record, Wanted
from wardmail.model.refusal import Unavailable
from wardmail.web.pages.forms import query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.words import moment, tag

_PERIODS = {"": ("Any time", 0.0), "day": ("Last 24 hours", 86_400.0), "week": ("Last 7 days", 604_800.0)}
_GROUPS = {"sent": ("Sent", "delivered,relayed"), "failed": ("Failed in any way", "bounced,expired,rejected")}
_STATUSES = WORDS | {name: words for name, (words, _) in _GROUPS.items()}
_SHOWN = 50
NOT_ALL = (
    " Only addresses and queue IDs were looked for: a part of the gateway does not answer. Try again in a few minutes."
)


class MessagesPage:
    def __init__(self, services: ConsoleServices) -> None:
        self._services = services

    async def show(self, visit: Visit) -> Response:
        asked = {name: query_of(visit.request, name) for name in ("q", "status", "when", "app", "after")}
        services = self._services
        period = _PERIODS.get(asked["when"], _PERIODS[""])[1]
        wanted = Wanted(
            asked["app"],
            asked["q"],
            _states(asked["status"]),
            services.clock.now() - period if period else 0.0,
            asked["after"],
            _SHOWN,
            found_by=found_by(visit.visitor.person),
        )
        try:
            page, told = await asyncio.to_thread(self._found, wanted)
        except NoSuchPage:
            return services.pages.problem(
                404, "There is no such page of the list", "Begin again at Messages.", visitor=visit.visitor
            )
        older = urlencode({**asked, "after": page.following}) if page.following else ""
        newest = urlencode({**asked, "after": ""}) if asked["after"] else ""
        return services.pages.draw(
            "messages.jinja",
            "Messages",
            visitor=visit.visitor,
            here="/messages",
            asked=asked,
            statuses=_STATUSES,
            periods={name: words for name, (words, _) in _PERIODS.items()},
            integrations=services.integrations(),
            rows=[_row(each) for each in page.records],
            told=_told(len(page.records), older) + told,
            rule=rule_in_words(wanted.found_by),
            older=older,
            newest=newest,
        )

    def _found(self, wanted: Wanted) -> tuple[Page, str]:
        """With what to say of it besides. Without the keystore, addresses and IDs are still found."""
        try:
            return self._services.messages.search(wanted), ""
        except Unavailable:
            return self._services.messages.search(replace(wanted, found_by=FoundBy.ADDRESS_OR_ID)), NOT_ALL


def _states(asked: str) -> str:
    if asked in _GROUPS:
        return _GROUPS[asked][1]
    return asked if asked in WORDS else ""


def _row(record: Record) -> dict[str, object]:
    return {
        "id": record["id"],
        "tag": tag(record["status"]),
        "urgent": record["time_critical"] and record["status"] == "held",
        "to": record["to"],
        "integration": record["integration"] or "The gateway itself",
        "classification": record["classification"],
        "time": moment(record["received_at"]),
    }


def _told(count: int, older: str) -> str:
    if not count:
        return "No messages match."
    return f"Showing {count} message{'s' * (count > 1)}, the newest first{'; there are older ones' if older else ''}."
