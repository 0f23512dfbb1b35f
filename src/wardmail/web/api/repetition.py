"""Answers a request that comes again as it was answered before, and takes nothing twice.

The key is `Idempotency-Key`, or else `X-Request-ID`, which NHS clients keep when they try again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wardmail.model.repetition import AnotherRequest, BeingAnswered, FirstTime, GivenBefore
from wardmail.web.api.problem import Problem
from wardmail.web.api.services import ApiServices, services_of
from wardmail.web.settling import settled

_LONGEST_KEY = 255

Reply = dict[str, object]


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that may come with a key. `scope`: within what a key is the same; `fingerprint`: of the same request.

    `message_id` is what a message is stored by that it makes, of this integration; `besides` stands in every reply.
    """

    scope: str
    integration: str
    fingerprint: str
    message_id: str
    besides: Mapping[str, object] = field(default_factory=dict)


async def once(request: Request, keyed: Keyed, take: Callable[[str], Awaitable[Reply]]) -> Response:
    """`take` stores a message by the ID that it is given, and gives the reply, or raises. Without a key it is just done."""
    key = request.headers.get("idempotency-key") or request.headers.get("x-request-id") or ""
    if not key:
        return _accepted(await take(keyed.message_id), keyed.besides)
    if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        detail = f"Idempotency-Key has at most {_LONGEST_KEY} printable ASCII characters."
        raise Problem(422, "WM-IDEMPOTENCY-KEY", "The key cannot be used", detail)
    begin = services_of(request).replies.begin
    known = await asyncio.to_thread(begin, keyed.scope, key, keyed.fingerprint, keyed.message_id)
    match known:
        case GivenBefore(reply):
            return _replayed(json.loads(reply), keyed.besides)
        case BeingAnswered():
            detail = "The same request is being answered at this moment; try again in a while."
            raise Problem(409, "WM-IDEMPOTENCY-BUSY", "It is in hand", detail, headers={"Retry-After": "5"})
        case AnotherRequest():
            detail = "This key was used for another request in the last 24 hours: take a new one."
            raise Problem(422, "WM-IDEMPOTENCY-DIFFERENT", "The key is another request's", detail)
    return await _first(services_of(request), keyed, key, known, take)


async def _first(
    services: ApiServices, keyed: Keyed, key: str, known: FirstTime, take: Callable[[str], Awaitable[Reply]]
) -> Response:
    if known.is_retry:
        # The try before this one ended half-way: the message is stored, or nothing is.
        stored = await asyncio.to_thread(services.messages.of_message, keyed.integration, known.message_id)
        if stored:
            return _replayed(
                {"id": known.message_id, "status": "accepted", "recipients": [dict(each) for each in stored]},
                keyed.besides,
            )
    done = await settled(services.replies, keyed.scope, key, _tried(take, known.message_id), _kept)
    if isinstance(done, Problem):
        raise done
    return _accepted(done, keyed.besides)


async def _tried(take: Callable[[str], Awaitable[Reply]], message_id: str) -> Reply | Problem:
    try:
        return await take(message_id)
    except Problem as problem:
        return problem


def _kept(done: Reply | Problem) -> str | None:
    return None if isinstance(done, Problem) else json.dumps(done)


def _replayed(reply: Reply, besides: Mapping[str, object]) -> Response:
    response = _accepted(reply, besides)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _accepted(reply: Reply, besides: Mapping[str, object]) -> Response:
    return JSONResponse(reply | dict(besides), 202, headers={"Location": f"/v1/messages/{reply['id']}"})
