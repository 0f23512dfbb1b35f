"""Sources: the ways in which mail comes in, how each goes, and holding one for a while (RECV-1)."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from wardmail.model.person import Permission
from wardmail.model.reading import Record
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import reason_of, reason_problems, told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.words import moment, summary

HERE = "/sources"
_HEADINGS = ("Source", "Kind", "For", "Where", "Looked at", "State")
_PROBLEMS = ("Since", "Message", "Why it is not taken")


class SourcePages:
    def __init__(self, services: OperateServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show_all(self, visit: Visit) -> Response:
        found = await asyncio.to_thread(self._services.sources.all)
        grid = Grid("Sources", _HEADINGS, [_row(each) for each in found])
        return self._pages.draw("operate/sources.jinja", "Sources", visitor=visit.visitor, here=HERE, grid=grid)

    async def show(self, visit: Visit) -> Response:
        record = await self._one(visit)
        return self._gone(visit) if record is None else self._draw(visit, record)

    async def change(self, visit: Visit) -> Response:
        """Pauses it, or takes it into use again."""
        record = await self._one(visit)
        if record is None:
            return self._gone(visit)
        reason, paused = reason_of(visit), visit.form.get("paused") == "yes"
        problems = reason_problems(reason)
        if problems:
            return self._draw(visit, record, problems)
        name, actor = str(record["name"]), visit.visitor.person.id
        if not await asyncio.to_thread(self._services.sources.pause, name, paused, actor, reason):
            return self._gone(visit)
        title = f"{name} is paused" if paused else f"{name} is in use"
        words = (
            "Mail servers are told to come later, and mailboxes are left as they are."
            if paused
            else "It is looked at within a minute."
        )
        return told(self._pages, visit, HERE, 200, title, words, back=HERE)

    async def _one(self, visit: Visit) -> Record | None:
        return await asyncio.to_thread(self._services.sources.one, str(visit.request.path_params["name"]))

    def _draw(self, visit: Visit, record: Record, problems: list[dict[str, str]] | None = None) -> Response:
        untaken = record["problems"]
        assert isinstance(untaken, list)
        rows = [cells(moment(each["since"]), each["key"], each["problem"]) for each in untaken]
        return self._pages.draw(
            "operate/source.jinja",
            f"Source {record['name']}",
            422 if problems else 200,
            visitor=visit.visitor,
            here=HERE,
            source=record["name"],
            rows=summary(*((str(key), value) for key, value in _shown(record))),
            grid=Grid("Messages that could not be taken", _PROBLEMS, rows) if rows else None,
            is_paused=record["paused"],
            may_change=visit.visitor.person.may(Permission.CHANGE_ROUTES),
            problems=problems,
            errors=bool(problems),
        )

    def _gone(self, visit: Visit) -> Response:
        return told(self._pages, visit, HERE, 404, "There is no such source", "It may have been removed.", back=HERE)


def _row(record: Record) -> list[Cell]:
    link = Cell(str(record["name"]), f"{HERE}/{record['name']}")
    looked_at = moment(record["looked_at"]) or ("Mail is brought to us" if record["kind"] == "smtp" else "Not yet")
    return cells(link, record["kind"], record["integration"], record["where"], looked_at, _state(record))


def _state(record: Record) -> Cell:
    if record["paused"]:
        return Cell("Paused", colour="grey")
    return Cell("Does not go well", colour="red") if record["problem"] else Cell("In use", colour="green")


def _shown(record: Record) -> list[tuple[str, object]]:
    details = record["details"]
    assert isinstance(details, list)
    looked_at = moment(record["looked_at"])
    return [*details, ("Looked at", looked_at), ("What does not go well", record["problem"])]
