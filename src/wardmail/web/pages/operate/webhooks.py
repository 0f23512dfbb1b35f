"""Webhooks: who is told what happens, how each telling went, and telling again (Standard Webhooks)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.responses import Response

from wardmail.model.person import Permission
from wardmail.model.reading import Record
from wardmail.web.pages.forms import query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import reason_of, reason_problems, told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.words import event_types, moment, summary

HERE = "/webhooks"
_MOST_LISTED = 100
_MOST_REPLAYED = 10_000
_HEADINGS = ("Address", "Integration", "Events", "State")
_TELLINGS = ("Number", "Event", "When", "Attempts", "Answer")


class WebhookPages:
    def __init__(self, services: OperateServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show_all(self, visit: Visit) -> Response:
        found = await asyncio.to_thread(self._services.webhooks.all)
        grid = Grid("Webhooks", _HEADINGS, [_row(each) for each in found])
        return self._pages.draw("operate/webhooks.jinja", "Webhooks", visitor=visit.visitor, here=HERE, grid=grid)

    async def show(self, visit: Visit) -> Response:
        record = await self._one(visit)
        return self._gone(visit) if record is None else await self._draw(visit, record)

    async def change(self, visit: Visit) -> Response:
        """Pauses it, takes it into use again, or tells again what it never took."""
        record = await self._one(visit)
        if record is None:
            return self._gone(visit)
        what, reason = visit.form.get("do", ""), reason_of(visit)
        problems = reason_problems(reason)
        if what not in {"pause", "resume", "replay"}:
            problems = [{"text": "Choose what to do", "href": "#do"}]
        if problems:
            return await self._draw(visit, record, problems)
        name, actor = str(record["id"]), visit.visitor.person.id
        if what == "replay":
            count = await asyncio.to_thread(self._services.webhooks.replay_failed, name, _MOST_REPLAYED, actor, reason)
            words = "They have the webhook-id that they had: a receiver knows repetitions by it."
            return self._told(visit, 200, f"{count} event{'' if count == 1 else 's'} told again", words)
        stopped = f"{actor} paused it: {reason}" if what == "pause" else ""
        if not await asyncio.to_thread(self._services.webhooks.stop, name, stopped, actor, reason):
            return self._gone(visit)
        if what == "pause":
            return self._told(
                visit, 200, "It is told nothing", "What happens meanwhile is told when it is in use again."
            )
        return self._told(visit, 200, "It is told again", "Also of what happened meanwhile.")

    async def _one(self, visit: Visit) -> Record | None:
        return await asyncio.to_thread(self._services.webhooks.one, str(visit.request.path_params["id"]))

    async def _draw(self, visit: Visit, record: Record, problems: list[dict[str, str]] | None = None) -> Response:
        only_failed = query_of(visit.request, "failed") == "yes"
        find = self._services.webhooks.tellings
        found = await asyncio.to_thread(lambda: find(str(record["id"]), failed=only_failed, limit=_MOST_LISTED))
        return self._pages.draw(
            "operate/webhook.jinja",
            "A webhook",
            422 if problems else 200,
            visitor=visit.visitor,
            here=HERE,
            id=record["id"],
            rows=_summary(record),
            grid=Grid("What it was told", _TELLINGS, _tellings(found.records)),
            is_cut=bool(found.following),
            only_failed=only_failed,
            is_stopped=bool(record["stopped"]),
            may_change=visit.visitor.person.may(Permission.OPERATE_QUEUE),
            problems=problems,
            errors=bool(problems),
        )

    def _gone(self, visit: Visit) -> Response:
        return self._told(visit, 404, "There is no such webhook", "It may have been removed.")

    def _told(self, visit: Visit, status: int, title: str, *sentences: str) -> Response:
        return told(self._pages, visit, HERE, status, title, *sentences, back=HERE)


def _row(record: Record) -> list[Cell]:
    link = Cell(str(record["url"]), f"{HERE}/{record['id']}")
    return cells(link, record["integration"], event_types(record), _state(record))


def _state(record: Record) -> Cell:
    return Cell("Stopped", colour="red") if record["stopped"] else Cell("In use", colour="green")


def _summary(record: Record) -> object:
    return summary(
        ("Address", record["url"]),
        ("Integration", record["integration"]),
        ("Events", event_types(record)),
        ("Secrets in use", record["secrets"]),
        ("May be at a private address", "Yes" if record["allow_private"] else "No"),
        ("Why it is stopped", record["stopped"]),
    )


def _tellings(found: Sequence[Record]) -> list[list[Cell]]:
    return [
        cells(each["seq"], each["type"], moment(each["created_at"]), each["attempts"], _how(each)) for each in found
    ]


def _how(telling: Record) -> str:
    again = moment(telling["next_attempt_at"])
    return f"{telling['outcome'] or 'Not tried yet'}; next at {again}" if again else str(telling["outcome"])
