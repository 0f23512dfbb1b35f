"""The routes of who people are: the ways in, their own account, and everybody's."""

from __future__ import annotations

from starlette.routing import Route

from wardmail.model.person import Permission
from wardmail.web.pages.account import AccountPages
from wardmail.web.pages.guard import GuardedRoute, Open
from wardmail.web.pages.log_in import LogInPage
from wardmail.web.pages.people import PeoplePages
from wardmail.web.pages.provider_log_in import ProviderLogInPages
from wardmail.web.pages.services import ConsoleServices

FINISH = "/log-in/finish"
"""Registered with the provider as the one place to come back to."""

_ONE_MUST = "one must be able to log in"
_EVERYBODY = tuple(Permission)


def identity_routes(services: ConsoleServices, guarded: GuardedRoute) -> list[Route]:
    return [*_ways_in(services, guarded), *_account(services, guarded), *_people(services, guarded)]


def _ways_in(services: ConsoleServices, guarded: GuardedRoute) -> list[Route]:
    log_in, provider = LogInPage(services), services.identity.provider
    found = [
        Route("/log-in", Open(log_in.show, _ONE_MUST), methods=["GET"]),
        Route("/log-in", Open(log_in.log_in, _ONE_MUST), methods=["POST"]),
        Route("/log-in/key", Open(log_in.finish_key, _ONE_MUST), methods=["POST"]),
        guarded("/log-out", log_in.log_out, *_EVERYBODY, method="POST"),
    ]
    if provider is None:
        return found
    pages = ProviderLogInPages(services, provider)
    why = "the provider sends browsers here; nothing but its proof counts"
    return [
        *found,
        Route("/log-in/begin", Open(pages.begin, _ONE_MUST), methods=["GET"]),
        Route(FINISH, Open(pages.finish, why), methods=["GET"]),
    ]


def _account(services: ConsoleServices, guarded: GuardedRoute) -> list[Route]:
    pages = AccountPages(services)
    return [
        guarded("/account", pages.show, *_EVERYBODY),
        guarded("/account/sessions", pages.end_session, *_EVERYBODY, method="POST"),
        guarded("/account/recovery-codes", pages.new_codes, *_EVERYBODY, method="POST"),
        guarded("/account/password", pages.change_password, *_EVERYBODY, method="POST"),
        guarded("/account/keys", pages.begin_key, *_EVERYBODY, method="POST"),
        guarded("/account/keys/new", pages.finish_key, *_EVERYBODY, method="POST"),
        guarded("/account/keys/remove", pages.remove_key, *_EVERYBODY, method="POST"),
    ]


def _people(services: ConsoleServices, guarded: GuardedRoute) -> list[Route]:
    pages = PeoplePages(services)
    return [
        guarded("/people", pages.list, Permission.MANAGE_PEOPLE),
        guarded("/people", pages.add, Permission.MANAGE_PEOPLE, method="POST"),
        guarded("/people/{id}", pages.show, Permission.MANAGE_PEOPLE),
        guarded("/people/{id}", pages.act, Permission.MANAGE_PEOPLE, method="POST"),
    ]
