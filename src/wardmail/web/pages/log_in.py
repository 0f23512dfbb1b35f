"""The pages to log in and out: a password and a one-time code, and the same words whatever was wrong (SHARE-12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from wardmail.manage.begun import LASTS
from wardmail.manage.key_log_in import KeyQuestion
from wardmail.manage.log_in import Visitor
from wardmail.model.refusal import Unavailable
from wardmail.web.login_ledger import of_person
from wardmail.web.pages.forms import is_from_us, own_path, query_of, read_form
from wardmail.web.pages.guard import COOKIE, Turns, Visit, end_earlier, keep_cookie
from wardmail.web.pages.services import ConsoleServices

_WRONG = (
    "Those details do not let you in. Look at the name, the password and the code or key, and wait for a new code if you "
    "used this one. After eight failures an account is locked for 15 minutes."
)
ASKED = "__Host-wardmail-asked"
"""Binds the question for a security key to the browser in which the password was typed."""

_Try = Callable[[Mapping[str, str], str, str], Visitor | KeyQuestion | None]


class LogInPage:
    def __init__(self, services: ConsoleServices) -> None:
        self._pages = services.pages
        self._desk = services.desk
        self._ledger = services.ledger
        self._provider = services.identity.provider
        self._provider_name = services.identity.provider_name
        self._keys = services.identity.keys
        self._turns = Turns()

    async def show(self, request: Request) -> Response:
        return self._draw(own_path(query_of(request, "next", 500)))

    async def log_in(self, request: Request) -> Response:
        """The form that everybody sees: with a code at once, or on to the question for a security key."""

        def tried(form: Mapping[str, str], name: str, peer: str) -> Visitor | KeyQuestion | None:
            if form.get("by") == "key":
                return self._keys.begin(name, form.get("password", ""), peer)
            return self._desk.log_in(name, form.get("password", ""), form.get("code", "")[:64], peer)

        return await self._attempt(request, tried)

    async def finish_key(self, request: Request) -> Response:
        def tried(form: Mapping[str, str], _name: str, peer: str) -> Visitor | KeyQuestion | None:
            return self._keys.finish(request.cookies.get(ASKED, ""), form.get("answer", ""), peer)

        return await self._attempt(request, tried)

    async def _attempt(self, request: Request, tried: _Try) -> Response:
        try:
            form = await read_form(request)
        except (ValueError, TimeoutError, ClientDisconnect):
            return self._pages.problem(400, "The form could not be read", "Go back and send it anew.")
        if not is_from_us(request):
            return self._pages.problem(403, "That form was not sent from this page", "Open the log-in page itself.")
        goal, name = own_path(form.get("next", "")), form.get("name", "").strip().lower()[:64]
        peer, now = request.client.host if request.client else "unknown", time.monotonic()
        counted = of_person(name)
        if self._ledger.is_locked_out(peer, counted, now):
            return self._busy(429, "Too many log-ins from your address failed", "600")
        if self._turns.is_full:
            return self._busy(503, "Too many people log in at this moment", "10")
        try:
            outcome = await self._turns.run(lambda: tried(form, name, peer))
            if isinstance(outcome, Visitor):
                await end_earlier(self._desk, request)
        except Unavailable:
            return self._busy(503, "Sorry, nobody can log in just now", "60")
        if outcome is None:
            self._ledger.record_failed_login(peer, counted, now)
            return self._draw(goal, name, _WRONG, 422)
        return self._ask(outcome, goal, name) if isinstance(outcome, KeyQuestion) else _let_in(outcome, goal)

    def _ask(self, question: KeyQuestion, goal: str, name: str) -> Response:
        response = self._pages.draw(
            "key.jinja", "Use your security key", asked=question.asked, goal=goal, typed=name, action="/log-in/key"
        )
        response.set_cookie(
            ASKED, question.cookie, max_age=LASTS, path="/", secure=True, httponly=True, samesite="strict"
        )
        return response

    async def log_out(self, visit: Visit) -> Response:
        await asyncio.to_thread(self._desk.log_out, visit.visitor.token)
        onward = await self._onward(visit)
        response = self._pages.problem(200, "You are logged out", "You can close this page.", again=True, onward=onward)
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return response

    async def _onward(self, visit: Visit) -> str:
        """Where the provider's own session ends. When it cannot say, ours has ended all the same."""
        if self._provider is None or not visit.visitor.session.is_by_provider:
            return ""
        try:
            return await self._provider.address_to_log_out()
        except Unavailable:
            return ""

    def _draw(self, goal: str, name: str = "", error: str = "", status: int = 200) -> Response:
        return self._pages.draw(
            "log-in.jinja",
            "Log in",
            status,
            goal=goal,
            typed=name,
            error=error,
            errors=bool(error),
            provider=self._provider_name if self._provider else "",
        )

    def _busy(self, status: int, title: str, seconds: str) -> Response:
        response = self._pages.problem(status, title, "Try again later.")
        response.headers["Retry-After"] = seconds
        return response


def _let_in(visitor: Visitor, goal: str) -> Response:
    response = RedirectResponse(goal, 303)
    keep_cookie(response, visitor)
    response.delete_cookie(ASKED, path="/", secure=True, httponly=True, samesite="strict")
    return response
