"""Routes as people see, pause and resume them by the API."""

from __future__ import annotations

from dataclasses import replace

from wardmail.app.commands.route import existing, save
from wardmail.app.installation import Installation
from wardmail.app.record_tables import table_of
from wardmail.manage.routes import problems
from wardmail.model.person import Person
from wardmail.model.reading import Page, Record
from wardmail.model.route import Route


class RouteOffice:
    """Everything here blocks, and raises CommandFailed for what cannot be done."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def page(self, after: str, limit: int) -> Page:
        routes = self._installation.register.snapshot().routes
        names = sorted(name for name in routes if name > after)
        return Page([_record(routes[name]) for name in names[:limit]], names[limit - 1] if len(names) > limit else "")

    def one(self, name: str) -> Record:
        return _record(existing(self._installation, name))

    def pause(self, actor: Person, name: str, *, paused: bool) -> Record:
        """Its mail waits while it is paused."""
        was = existing(self._installation, name)
        route = replace(was, paused=paused)
        save(self._installation, route, actor, was=was)
        return _record(route)


def _record(route: Route) -> dict[str, object]:
    """`record` is what can be written again; secrets stand in it by reference."""
    return {
        "name": route.name,
        "kind": route.kind.value,
        "paused": route.paused,
        "accredited_until": route.accreditation.expires.isoformat() if route.accreditation else None,
        "problems": problems(route),
        "record": table_of(route, {"name"}),
    }
