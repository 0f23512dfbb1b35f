"""Integrations: the list, and registering one as a draft."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.manage.registration import LEVELS
from wardmail.model.person import Permission
from wardmail.model.register import RegisterSnapshot
from wardmail.web.pages.govern.integration_frame import HERE, state_cell
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.words import moment

NEW = "/new-integration"
_HEADINGS = ("Integration", "Owner", "State", "Handed in, 7 days", "Last log-in")
_WEEK = 604_800.0
_FIELDS = ("name", "title", "route", "senders", "classification")


class IntegrationsPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show_all(self, visit: Visit) -> Response:
        services = self._services
        snapshot = await services.register()
        since = services.console.clock.now() - _WEEK
        counted = await asyncio.to_thread(services.console.figures.handed_in, since)
        last = await asyncio.to_thread(self._last_uses, snapshot)
        state_of = services.console.world.register.state_of
        rows = [
            cells(
                Cell(each.name, f"{HERE}/{each.id}"),
                each.registration.owner.name if each.registration.owner else "Nobody yet",
                state_cell(state_of(each)),
                f"{counted.value.get(each.id, 0):,}{'+' if counted.is_partial else ''}",
                moment(last.get(each.id)) or "Not seen",
            )
            for each in sorted(snapshot.integrations.values(), key=lambda each: each.name.lower())
        ]
        return self._pages.draw(
            "govern/integrations.jinja",
            "Integrations",
            visitor=visit.visitor,
            here=HERE,
            grid=Grid("Integrations", _HEADINGS, rows),
            is_partial=counted.is_partial,
            new=NEW if visit.visitor.person.may(Permission.DRAFT_INTEGRATIONS) else "",
        )

    async def new(self, visit: Visit) -> Response:
        return await self._form(visit, {})

    async def create(self, visit: Visit) -> Response:
        typed = {name: visit.form.get(name, "").strip() for name in _FIELDS}
        options: dict[str, Any] = {
            "title": typed["title"] or typed["name"],
            "route": typed["route"],
            "senders": tuple(typed["senders"].split()),
            "classification": typed["classification"] if typed["classification"] in LEVELS else None,
        }
        create = self._services.integrations.create
        done = await asyncio.to_thread(create, visit.visitor.person, typed["name"], options)
        if isinstance(done, BadInput | Forbidden):
            return await self._form(visit, typed, done.reason)
        assert done is not None
        return RedirectResponse(f"{HERE}/{done.id}/go-live", 303)

    async def _form(self, visit: Visit, typed: Mapping[str, str], error: str = "") -> Response:
        snapshot = await self._services.register()
        return self._pages.draw(
            "govern/new-integration.jinja",
            "Register an integration",
            422 if error else 200,
            visitor=visit.visitor,
            here=HERE,
            typed=typed,
            routes=[(name, name) for name in snapshot.routes],
            levels=[(name, level.label) for name, level in LEVELS.items()],
            problems=[{"text": error, "href": "#name"}] if error else [],
            errors=bool(error),
        )

    def _last_uses(self, snapshot: RegisterSnapshot) -> Mapping[str, float]:
        uses = self._services.console.figures.last_uses()
        found: dict[str, float] = {}
        for each in snapshot.credentials.values():
            found[each.integration_id] = max(found.get(each.integration_id, 0.0), uses.get(each.username, 0.0))
        return {name: at for name, at in found.items() if at}
