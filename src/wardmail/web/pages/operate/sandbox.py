"""The sandbox's own page: make receivers misbehave, and see what the gateway does then."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from wardmail.model.person import Permission
from wardmail.ports import Theatre
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.grid import Grid, cells
from wardmail.web.pages.rendering import Pages

HERE = "/sandbox"


class SandboxPage:
    def __init__(self, pages: Pages, theatre: Theatre) -> None:
        self._pages = pages
        self._theatre = theatre

    async def show(self, visit: Visit) -> Response:
        return await self._draw(visit)

    async def play(self, visit: Visit) -> Response:
        try:
            act, actor = visit.form.get("act", ""), visit.visitor.person.id
            await asyncio.to_thread(self._theatre.choose, act, actor)
        except ValueError:
            return await self._draw(visit, [{"text": "Choose what happens at the receivers", "href": "#act"}])
        return await self._draw(visit, said=f"{self._theatre.acts[act]}, from the next attempt on.")

    async def _draw(self, visit: Visit, problems: list[dict[str, str]] | None = None, said: str = "") -> Response:
        current = await asyncio.to_thread(self._theatre.current)
        rows = [cells(address, words) for address, words in self._theatre.simulators.items()]
        return self._pages.draw(
            "operate/sandbox.jinja",
            "Sandbox",
            422 if problems else 200,
            visitor=visit.visitor,
            here=HERE,
            said=said,
            current=current,
            acts=[{"value": name, "text": words} for name, words in self._theatre.acts.items()],
            grid=Grid("Addresses that always do the same", ("Address at the receiver", "What happens"), rows),
            may_play=visit.visitor.person.may(Permission.OPERATE_QUEUE),
            problems=problems,
            errors=bool(problems),
        )
