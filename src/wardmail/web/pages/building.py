"""The site: pages, their files, and the API below `/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from wardmail.model.person import Permission
from wardmail.web.pages.check import CheckPage
from wardmail.web.pages.guard import Guarded, Open
from wardmail.web.pages.navigation import places_of
from wardmail.web.pages.rendering import ASSETS, Pages

_FOR_PROGRAMS = ("/v1", "/openapi.json", "/oauth2/")
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

    async def only_sent(_: Request, __: Exception) -> Response:
        words = ("It opens only from the page that leads to it.", "Nothing was changed.")
        return check.pages.problem(405, "This page cannot be opened by its address", *words, home="/")

    site = Starlette(routes=routes, exception_handlers={405: only_sent})
    site.router.default = _Rest(api, check.pages)
    return site


class _Rest:
    """What is no page: the API; and where nothing is, words for people to browsers, a problem to programs."""

    def __init__(self, api: ASGIApp, pages: Pages) -> None:
        self._api = api
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        answer: ASGIApp = self._api
        if scope["type"] == "http" and not path.startswith(_FOR_PROGRAMS) and _is_browser(scope):
            words = ("Look at the address again: perhaps a part of it is missing.", "Nothing was changed.")
            answer = self._pages.problem(404, "There is no such page", *words, home="/")
        await answer(scope, receive, send)


def _is_browser(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def needs_of_pages(routes: Sequence[BaseRoute]) -> Mapping[str, tuple[Permission, ...]]:
    """For each page that is shown, which permissions open it; none for those that are open."""
    shown = [each for each in routes if isinstance(each, Route) and "GET" in (each.methods or ())]
    return {each.path: each.app.needs if isinstance(each.app, Guarded) else () for each in shown}
