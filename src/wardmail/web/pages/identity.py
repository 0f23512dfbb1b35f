"""The routes of who people are: the way in through an identity provider, their own account, and everybody's."""

from __future__ import annotations

from starlette.routing import Route

from wardmail.web.pages.guard import Open
from wardmail.web.pages.provider_log_in import ProviderLogInPages
from wardmail.web.pages.services import ConsoleServices

FINISH = "/log-in/finish"
"""Registered with the provider as the one place to come back to."""


def identity_routes(services: ConsoleServices) -> list[Route]:
    return _by_provider(services)


def _by_provider(services: ConsoleServices) -> list[Route]:
    if services.provider is None:
        return []
    pages = ProviderLogInPages(services, services.provider)
    return [
        Route("/log-in/begin", Open(pages.begin, "one must be able to log in"), methods=["GET"]),
        Route(
            FINISH,
            Open(pages.finish, "the provider sends browsers here; nothing but its proof counts"),
            methods=["GET"],
        ),
    ]
