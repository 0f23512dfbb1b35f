"""Puts the API together: its routes, its problems, and what every answer carries."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from wardmail.model.refusal import Unavailable
from wardmail.web.api import addresses, events, inbound, message_acts, message_content, messages, webhooks
from wardmail.web.api.description import described
from wardmail.web.api.people import (
    agreements,
    audit,
    credentials,
    domains,
    endpoints,
    holds,
    integrations,
    policies,
    queue,
    reports,
    routes,
    suppressions,
)
from wardmail.web.api.problem import Problem, answer_http, answer_invalid, answer_problem, answer_unavailable
from wardmail.web.api.rate import rate_fields
from wardmail.web.api.retiring import RETIRING, Retiring, call_of
from wardmail.web.api.services import ApiServices, services_of

_log = logging.getLogger(__name__)
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}
FOR_PEOPLE = (
    holds,
    queue,
    suppressions,
    audit,
    integrations,
    credentials,
    endpoints,
    routes,
    agreements,
    domains,
    reports,
    policies,
)
_DESCRIPTION = """Send through the gateway, and ask it what became of a message.

Every problem is `application/problem+json` (RFC 9457) with a `code` that stays the same. `X-Request-ID` and
`X-Correlation-ID` come back as they were sent."""


def build_api(services: ApiServices, version: str, retiring: Retiring = RETIRING) -> FastAPI:
    # The pages that the framework brings would load scripts from elsewhere.
    api = FastAPI(title="Wardmail", version=version, description=_DESCRIPTION, docs_url=None, redoc_url=None)
    api.state.services = services
    api.state.retiring = retiring
    for part in (messages, message_acts, message_content, addresses, inbound, events, webhooks, *FOR_PEOPLE):
        api.include_router(part.router)
    api.add_exception_handler(Problem, answer_problem)
    api.add_exception_handler(Unavailable, answer_unavailable)
    api.add_exception_handler(RequestValidationError, answer_invalid)
    api.add_exception_handler(HTTPException, answer_http)
    api.middleware("http")(_accompany)
    api.openapi = partial(described, api, retiring)  # type: ignore[method-assign]
    return api


def _has_two_lengths(request: Request) -> bool:
    return "transfer-encoding" in request.headers and "content-length" in request.headers


async def _refuse_two_lengths(request: Request) -> Response:
    """A proxy before us may have gone by the other one: what follows is anybody's (RFC 9112 section 6.1)."""
    detail = "It has both Content-Length and Transfer-Encoding: send one of them."
    return await answer_problem(
        request, Problem(400, "WM-REQUEST", "The request means two things", detail, headers={"Connection": "close"})
    )


async def _rate_fields(request: Request, status: int) -> dict[str, str]:
    """For who sends; what cannot be read is left out, for the answer itself is more than its fields."""
    integration = getattr(request.state, "sends", None)
    if integration is None:
        return {}
    try:
        return rate_fields(await asyncio.to_thread(services_of(request).ceilings, integration), status)
    except Unavailable:
        return {}


async def _accompany(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Gives each request an ID, never lets an exception's words out, and writes one line without an address."""
    began = time.monotonic()
    sent = request.headers.get("x-request-id", "")
    request.state.request_id = sent if _ID.fullmatch(sent) else secrets.token_hex(16)
    try:
        response = await (_refuse_two_lengths(request) if _has_two_lengths(request) else go_on(request))
        response.headers.update(await _rate_fields(request, response.status_code))
    except Exception as error:
        _log.error("event=api_failed error=%s", type(error).__name__)
        detail = "The gateway failed; try again. With an Idempotency-Key nothing is taken twice."
        problem = Problem(500, "WM-INTERNAL", "The gateway failed", detail)
        response = await answer_problem(request, problem)
    response.headers.update(_ALWAYS | {"X-Request-ID": request.state.request_id})
    correlation = request.headers.get("x-correlation-id", "")
    if _ID.fullmatch(correlation):
        response.headers["X-Correlation-ID"] = correlation
    route = getattr(request.scope.get("route"), "path", "none")
    leaving = call_of(request.app.state.retiring, request.method, route)
    response.headers.update(leaving.fields if leaving else {})
    spent = (time.monotonic() - began) * 1000
    _log.info("event=api method=%s route=%s status=%d ms=%.0f", request.method, route, response.status_code, spent)
    return response
