"""Answers a request that comes again as it was answered before, and takes nothing twice.

The key is `Idempotency-Key`, or else `X-Request-ID`, which NHS clients keep when they try again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wardmail.model.repetition import AnotherRequest, BeingAnswered, FirstTime, GivenBefore
from wardmail.web.api.intake import Intake
from wardmail.web.api.problem import Problem
from wardmail.web.api.services import ApiServices, services_of

_LONGEST_KEY = 255

Reply = dict[str, object]


async def once(request: Request, intake: Intake, take: Callable[[Intake], Awaitable[Reply]]) -> Response:
    """`take` gives the reply to a message that was taken, or raises. Without a key it is just done."""
    key = request.headers.get("idempotency-key") or request.headers.get("x-request-id") or ""
    if not key:
        return _accepted(await take(intake))
    if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        detail = f"Idempotency-Key has at most {_LONGEST_KEY} printable ASCII characters."
        raise Problem(422, "WM-IDEMPOTENCY-KEY", "The key cannot be used", detail)
    services, integration = services_of(request), _scope(intake)
    known = await asyncio.to_thread(services.replies.begin, integration, key, intake.fingerprint, intake.submission.id)
    match known:
        case GivenBefore(reply):
            return _replayed(json.loads(reply))
        case BeingAnswered():
            detail = "The same request is being answered at this moment; try again in a while."
            raise Problem(409, "WM-IDEMPOTENCY-BUSY", "It is in hand", detail, headers={"Retry-After": "5"})
        case AnotherRequest():
            detail = "This key was used for another request in the last 24 hours: take a new one."
            raise Problem(422, "WM-IDEMPOTENCY-DIFFERENT", "The key is another request's", detail)
    return await _first(services, intake, key, known, take)


async def _first(
    services: ApiServices, intake: Intake, key: str, known: FirstTime, take: Callable[[Intake], Awaitable[Reply]]
) -> Response:
    integration = _scope(intake)
    if known.is_retry:
        # The try before this one ended half-way: the message is stored, or nothing is.
        stored = await asyncio.to_thread(services.messages.of_message, intake.identity.integration.id, known.message_id)
        if stored:
            return _replayed(
                {"id": known.message_id, "status": "accepted", "recipients": [dict(each) for each in stored]}
            )
    intake = replace(intake, submission=replace(intake.submission, id=known.message_id))
    try:
        reply = await take(intake)
    except Problem:
        await asyncio.to_thread(services.replies.forget, integration, key)
        raise
    except BaseException:
        # It may have been stored: the next try asks, by the same ID.
        await asyncio.shield(asyncio.to_thread(services.replies.leave, integration, key))
        raise
    await asyncio.shield(asyncio.to_thread(services.replies.keep, integration, key, json.dumps(reply)))
    return _accepted(reply)


def _scope(intake: Intake) -> str:
    """Within what a key is the same: what a test key sent must not stand for a live message, which nobody would send then."""
    return " ".join(filter(None, (intake.identity.integration.id, intake.identity.reach)))


def _replayed(reply: Reply) -> Response:
    response = _accepted(reply)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _accepted(reply: Reply) -> Response:
    return JSONResponse(reply, 202, headers={"Location": f"/v1/messages/{reply['id']}"})
