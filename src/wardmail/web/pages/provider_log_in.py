"""The way in through the organisation's identity provider, and back from it (OpenID Connect, authorization code)."""

from __future__ import annotations

import logging
import time

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from wardmail.manage.begun import LASTS
from wardmail.manage.provider_log_in import NOT_BEGUN, LetIn, ProviderDesk
from wardmail.model.provider_login import NotLetIn
from wardmail.model.refusal import Unavailable
from wardmail.web.pages.forms import own_path, query_of
from wardmail.web.pages.guard import end_earlier, keep_cookie
from wardmail.web.pages.services import ConsoleServices

_log = logging.getLogger(__name__)

BEGUN = "__Host-wardmail-begun"
"""Comes back with a navigation from the provider, so it cannot be `SameSite=Strict`; it opens nothing by itself."""

_FIELDS = ("state", "code", "iss", "error")
_LONGEST = 4096


class ProviderLogInPages:
    def __init__(self, services: ConsoleServices, desk: ProviderDesk) -> None:
        self._services = services
        self._desk = desk

    async def begin(self, request: Request) -> Response:
        try:
            address, cookie = await self._desk.begin(own_path(query_of(request, "next", 500)))
        except Unavailable as error:
            return self._unavailable(error)
        response = RedirectResponse(
            address, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        )
        response.set_cookie(BEGUN, cookie, max_age=LASTS, path="/", secure=True, httponly=True, samesite="lax")
        return response

    async def finish(self, request: Request) -> Response:
        peer, now = request.client.host if request.client else "unknown", time.monotonic()
        if self._services.ledger.is_locked_out(peer, "", now):
            response: Response = self._services.pages.problem(
                429, "Too many log-ins from your address failed", "Try again later."
            )
            response.headers["Retry-After"] = "600"
            return response
        answer = {name: value for name in _FIELDS if (value := request.query_params.get(name, "")[:_LONGEST])}
        try:
            outcome = await self._desk.finish(request.cookies.get(BEGUN, ""), answer, peer)
            if isinstance(outcome, NotLetIn):
                if outcome is not NOT_BEGUN:
                    # By the state, so that only the address is counted: people of one site share one.
                    self._services.ledger.record_failed_login(peer, answer.get("state", "")[:64], now)
                response = self._refused(outcome)
            else:
                await end_earlier(self._services.desk, request)
                response = self._let_in(outcome)
        except Unavailable as error:
            response = self._unavailable(error)
        response.delete_cookie(BEGUN, path="/", secure=True, httponly=True, samesite="lax")
        return response

    def _let_in(self, outcome: LetIn) -> Response:
        """A page of ours that goes on by itself: after a redirect from the provider the browser would keep the session's
        strict cookie back."""
        response = self._services.pages.draw("onward.jinja", "You are logged in", onward=own_path(outcome.goal))
        keep_cookie(response, outcome.visitor)
        return response

    def _refused(self, outcome: NotLetIn) -> Response:
        _log.warning("event=provider_log_in_refused code=%s", outcome.code)
        words = (outcome.words, outcome.to_do, f"Code: {outcome.code}")
        return self._services.pages.problem(403, "You are not logged in", *words, again=True)

    def _unavailable(self, error: Unavailable) -> Response:
        _log.warning('event=provider_unavailable part="%s" cause="%s"', error.part, error.cause)
        response = self._services.pages.problem(
            503,
            "Your organisation's log-in does not answer",
            "Try again in a few minutes. Whoever has a password of this gateway can log in by it.",
            "Code: WM-OIDC-UNAVAILABLE",
            again=True,
        )
        response.headers["Retry-After"] = "60"
        return response
