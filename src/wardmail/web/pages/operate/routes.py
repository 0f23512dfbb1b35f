"""The addresses of the pages for those who run the gateway, each with the permission that it takes."""

from __future__ import annotations

from starlette.routing import Route

from wardmail.model.person import Permission
from wardmail.web.pages.guard import Guarded, Page
from wardmail.web.pages.operate.quarantine import QuarantinePages
from wardmail.web.pages.operate.sandbox import SandboxPage
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.operate.settings import SettingsPage
from wardmail.web.pages.operate.sources import SourcePages


def operate_routes(services: OperateServices) -> list[Route]:
    console = services.console

    def guarded(path: str, page: Page, needs: Permission, method: str = "GET") -> Route:
        return Route(path, Guarded(console.pages, console.desk, (needs,), page), methods=[method])

    quarantine, sources = QuarantinePages(services), SourcePages(services)
    routes = [
        guarded("/quarantine", quarantine.show_all, Permission.SEE),
        guarded("/quarantine/{id}", quarantine.show, Permission.SEE),
        guarded("/quarantine/{id}", quarantine.decide, Permission.RELEASE_HOLDS, "POST"),
        guarded("/sources", sources.show_all, Permission.SEE),
        guarded("/sources/{name}", sources.show, Permission.SEE),
        guarded("/sources/{name}", sources.change, Permission.CHANGE_ROUTES, "POST"),
        guarded("/settings", SettingsPage(services).show, Permission.SEE),
    ]
    if services.theatre is not None:
        page = SandboxPage(console.pages, services.theatre)
        routes += [
            guarded("/sandbox", page.show, Permission.SEE),
            guarded("/sandbox", page.play, Permission.OPERATE_QUEUE, "POST"),
        ]
    return routes
