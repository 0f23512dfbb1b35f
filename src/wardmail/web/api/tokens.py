"""The token endpoint: an integration proves itself by a signed assertion, and gets an access token (RFC 6749, RFC 7523)."""

from __future__ import annotations

import asyncio
import time

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from wardmail.manage.client_tokens import LASTS
from wardmail.model.refusal import Refusal, Unavailable
from wardmail.protect.signed_token import subject_named
from wardmail.web.api.caller import peer_of
from wardmail.web.api.services import ApiServices
from wardmail.web.pages.forms import read_form
from wardmail.web.pages.guard import Open

PATH = "/oauth2/token"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}


def token_route(services: ApiServices) -> Route:
    async def answer(request: Request) -> JSONResponse:
        return await _answer(services, request)

    return Route(PATH, Open(answer, "programs prove themselves here by what they sign"), methods=["POST"])


async def _answer(services: ApiServices, request: Request) -> JSONResponse:
    wrong = _no_program(request)
    if wrong is not None:
        return wrong
    try:
        form = await read_form(request)
    except (ValueError, TimeoutError, ClientDisconnect):
        return _error(400, "invalid_request", "The form cannot be read.")
    if form.get("grant_type") != "client_credentials":
        return _error(400, "unsupported_grant_type", "The grant is client_credentials.")
    if form.get("client_assertion_type") != _ASSERTION:
        return _error(401, "invalid_client", f"The client_assertion_type is {_ASSERTION}.")
    assertion, peer, now = form.get("client_assertion", ""), peer_of(request), time.monotonic()
    username = subject_named(assertion)[:64]
    if services.ledger.is_locked_out(peer, username, now):
        return _error(429, "invalid_client", "Too many failures from your address.", {"Retry-After": "600"})
    try:
        granted = await asyncio.to_thread(services.tokens.grant, assertion, form.get("client_id", ""), peer)
    except Unavailable:
        return _error(503, "temporarily_unavailable", "Try again.", {"Retry-After": "60"})
    if isinstance(granted, Refusal):
        services.ledger.record_failed_login(peer, username, now)
        return _error(401, "invalid_client", f"{granted.public} ({granted.error}).")
    return JSONResponse({"access_token": granted, "token_type": "Bearer", "expires_in": LASTS}, headers=_HEADERS)


def _no_program(request: Request) -> JSONResponse | None:
    """A page of another site can make any browser send a form: its failures would lock the browser's whole address out."""
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        return _error(403, "invalid_request", "Programs ask here, not browsers.")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _error(400, "invalid_request", "Send application/x-www-form-urlencoded.")
    return None


def _error(status: int, error: str, words: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """RFC 6749 section 5.2."""
    return JSONResponse({"error": error, "error_description": words}, status, headers=_HEADERS | (headers or {}))
