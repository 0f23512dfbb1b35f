"""The pages to log in and out: a password and a one-time code, and the same words whatever was wrong (SHARE-12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from wardmail.manage.log_in import LoginDesk, Visitor
from wardmail.model.refusal import Unavailable
from wardmail.web.login_ledger import LoginLedger
from wardmail.web.pages.forms import is_from_us, own_path, query_of, read_form
from wardmail.web.pages.guard import COOKIE, Visit, recognised
from wardmail.web.pages.rendering import Pages

_AT_ONCE = 2
_MOST_WAITING = 20
_WRONG = (
    "Those details do not let you in. Look at the name, the password and the code, and wait for a new code if you used "
    "this one. After eight failures an account is locked for 15 minutes."
)


class LogInPage:
    def __init__(self, pages: Pages, desk: LoginDesk, ledger: LoginLedger) -> None:
        self._pages = pages
        self._desk = desk
        self._ledger = ledger
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def show(self, request: Request) -> Response:
        return self._draw(own_path(query_of(request, "next", 500)))

    async def log_in(self, request: Request) -> Response:
        try:
            form = await read_form(request)
        except (ValueError, TimeoutError, ClientDisconnect):
            return self._pages.problem(400, "The form could not be read", "Go back and send it anew.")
        if not is_from_us(request):
            return self._pages.problem(403, "That form was not sent from this page", "Open the log-in page itself.")
        goal, name = own_path(form.get("next", "")), form.get("name", "").strip().lower()[:64]
        peer, now = request.client.host if request.client else "unknown", time.monotonic()
        if self._ledger.is_locked_out(peer, name, now):
            return self._busy(429, "Too many log-ins from your address failed", "600")
        if self._waiting >= _MOST_WAITING:
            return self._busy(503, "Too many people log in at this moment", "10")
        try:
            visitor = await self._tried(name, form, peer)
            if visitor is not None:
                await self._end_earlier(request)
        except Unavailable:
            return self._busy(503, "Sorry, nobody can log in just now", "60")
        if visitor is None:
            self._ledger.record_failed_login(peer, name, now)
            return self._draw(goal, name, _WRONG, 422)
        response = RedirectResponse(goal, 303)
        response.set_cookie(COOKIE, visitor.token, path="/", secure=True, httponly=True, samesite="strict")
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _end_earlier(self, request: Request) -> None:
        earlier = await recognised(self._desk, request)
        if earlier is not None:
            await asyncio.to_thread(self._desk.log_out, earlier.token)

    async def log_out(self, visit: Visit) -> Response:
        await asyncio.to_thread(self._desk.log_out, visit.visitor.token)
        response = self._pages.problem(200, "You are logged out", "You can close this page.", again=True)
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return response

    async def _tried(self, name: str, form: Mapping[str, str], peer: str) -> Visitor | None:
        """In a thread, and few at a time: to hash a password takes much memory and a whole processor."""
        self._waiting += 1
        try:
            async with self._turns:
                password, code = form.get("password", ""), form.get("code", "")[:64]
                return await asyncio.to_thread(self._desk.log_in, name, password, code, peer)
        finally:
            self._waiting -= 1

    def _draw(self, goal: str, name: str = "", error: str = "", status: int = 200) -> Response:
        return self._pages.draw(
            "log-in.jinja", "Log in", status, goal=goal, typed=name, error=error, errors=bool(error)
        )

    def _busy(self, status: int, title: str, seconds: str) -> Response:
        response = self._pages.problem(status, title, "Try again later.")
        response.headers["Retry-After"] = seconds
        return response
