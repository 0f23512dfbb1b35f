"""`/v1/events`: what happened to the integration's mail, from where the program was before; as pages, or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from wardmail.model.notification import Notification, Told
from wardmail.model.refusal import Unavailable
from wardmail.model.timestamp import rfc3339
from wardmail.web.api import schema
from wardmail.web.api.caller import LiveCaller, identified
from wardmail.web.api.problem import Problem
from wardmail.web.api.services import ApiServices, services_of

router = APIRouter(prefix="/v1/events", tags=["events"])

_LAST = 2**63 - 1
_EVERY = 1.0
_HEARTBEAT = 15.0
_LONGEST = 3_600.0
_AT_ONCE = 200
_MOST_LOOKS = 20
_MOST_STREAMS = 50
_streams = asyncio.Semaphore(_MOST_STREAMS)


@router.get("", response_model=schema.Events)
async def page(
    request: Request,
    caller: LiveCaller,
    after: Annotated[int, Query(ge=0, le=_LAST, description="`next` of the page before; 0: from the beginning.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> schema.Events:
    """In order. `next` is always given: ask with it again, now or later, and nothing is missed."""
    services = services_of(request)
    told = await asyncio.to_thread(_looked, services, caller.integration.id, after, limit)
    return schema.Events(items=[_record(each) for each in told.notifications], next=told.seen_to)


@router.get("/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def stream(
    request: Request,
    caller: LiveCaller,
    last_event_id: Annotated[str, Header(pattern="^[0-9]{0,18}$")] = "",
) -> Response:
    """Server-sent events, from `Last-Event-ID` or from now. Ends after an hour: connect again."""
    services = services_of(request)
    if _streams.locked():
        detail = "This gateway streams to as many programs as it can; ask for pages."
        raise Problem(503, "WM-STREAMS", "Too many streams", detail, headers={"Retry-After": "60"})
    after = int(last_event_id) if last_event_id else await asyncio.to_thread(services.notices.last)
    return StreamingResponse(_told(request, caller.integration.id, after), media_type="text/event-stream")


async def _told(request: Request, integration: str, after: int) -> AsyncGenerator[str, None]:
    services = services_of(request)
    clock = asyncio.get_running_loop().time
    began = spoke = clock()
    async with _streams:
        yield "retry: 5000\n\n"
        while clock() - began < _LONGEST and await _may_still(request):
            told = await asyncio.to_thread(_looked, services, integration, after, _AT_ONCE)
            after = told.seen_to
            for each in told.notifications:
                spoke = clock()
                yield f"id: {each.seq}\nevent: {each.type}\ndata: {_record(each).model_dump_json()}\n\n"
            if not told.notifications:
                if clock() - spoke > _HEARTBEAT:
                    spoke = clock()
                    yield ": still here\n\n"
                await asyncio.sleep(_EVERY)


async def _may_still(request: Request) -> bool:
    """A credential that is revoked, or whose integration is closed, is told nothing more."""
    try:
        await identified(request)
    except (Problem, Unavailable):
        return False
    return True


def _looked(services: ApiServices, integration: str, after: int, limit: int) -> Told:
    """Past the events of others, as far as one request may take: an empty page with a new `next` is no end."""
    for _ in range(_MOST_LOOKS):
        told = services.notices.since(integration, after, limit)
        if told.notifications or told.seen_to == after:
            break
        after = told.seen_to
    return told


def _record(each: Notification) -> schema.Event:
    return schema.Event(id=each.seq, type=each.type, timestamp=rfc3339(each.at), data=dict(each.data))
