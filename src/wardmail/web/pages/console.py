"""The pages for people who are logged in, each with the permission that it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.routing import Route

from wardmail.model.person import Permission
from wardmail.web.pages.guard import Guarded, Open, Visit
from wardmail.web.pages.log_in import LogInPage
from wardmail.web.pages.messages import MessagesPage
from wardmail.web.pages.services import ConsoleServices

Page = Callable[[Visit], Awaitable[Response]]


def console_routes(services: ConsoleServices) -> list[Route]:
    def guarded(path: str, page: Page, *needs: Permission, method: str = "GET") -> Route:
        return Route(path, Guarded(services.pages, services.desk, needs, page), methods=[method])

    log_in = LogInPage(services.pages, services.desk, services.ledger)
    everybody = tuple(Permission)
    return [
        Route("/log-in", Open(log_in.show, "one must be able to log in"), methods=["GET"]),
        Route("/log-in", Open(log_in.log_in, "one must be able to log in"), methods=["POST"]),
        guarded("/log-out", log_in.log_out, *everybody, method="POST"),
        guarded("/messages", MessagesPage(services).show, Permission.SEE),
    ]
