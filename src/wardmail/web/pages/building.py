"""The site: pages, their files, and the API below `/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from wardmail.model.person import Permission
from wardmail.web.pages.check import CheckPage
from wardmail.web.pages.guard import Guarded, Open
from wardmail.web.pages.navigation import places_of
from wardmail.web.pages.rendering import ASSETS

_LASTING = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class _LastingFiles(StaticFiles):
    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(_LASTING)
        return response


def build_site(
    check: CheckPage, api: ASGIApp, console: Sequence[BaseRoute] = (), operations: Sequence[Route] = ()
) -> Starlette:
    routes: list[BaseRoute] = [
        Route("/check", Open(check.show, "what it tells is in published lists"), methods=["GET", "POST"]),
        *console,
        Mount("/assets", _LastingFiles(directory=ASSETS)),
        *operations,
    ]
    check.pages.places = places_of(needs_of_pages(routes))
    site = Starlette(routes=routes)
    site.router.default = api  # also for what nobody has: it says so in a way that programs read
    return site


def needs_of_pages(routes: Sequence[BaseRoute]) -> Mapping[str, tuple[Permission, ...]]:
    """For each page that is shown, which permissions open it; none for those that are open."""
    shown = [each for each in routes if isinstance(each, Route) and "GET" in (each.methods or ())]
    return {each.path: each.app.needs if isinstance(each.app, Guarded) else () for each in shown}
