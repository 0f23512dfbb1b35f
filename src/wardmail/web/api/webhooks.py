"""`/v1/webhook-endpoints`: the integration's webhooks, what they were told, and telling again. People make them."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from wardmail.web.api import schema
from wardmail.web.api.caller import LiveCaller
from wardmail.web.api.problem import Problem
from wardmail.web.api.services import services_of

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["webhooks"])


@router.get("")
async def show_all(request: Request, caller: LiveCaller) -> dict[str, object]:
    """Without their secrets."""
    records = await asyncio.to_thread(services_of(request).webhooks.of_integration, caller.integration.id)
    return {"items": [dict(each) for each in records]}


@router.get("/{endpoint_id}/deliveries", response_model=schema.Items)
async def deliveries(
    request: Request,
    caller: LiveCaller,
    endpoint_id: str,
    *,
    failed: Annotated[bool, Query(description="Only those that were given up.")] = False,
    after: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="`next` of an earlier page.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> schema.Items:
    """The newest first, and how each went. They are kept for 30 days."""
    webhooks, mine = services_of(request).webhooks, caller.integration.id
    found = await asyncio.to_thread(webhooks.deliveries, mine, endpoint_id, failed=failed, limit=limit, before=after)
    if found is None:
        raise _missing(endpoint_id)
    return schema.Items(items=[dict(each) for each in found.records], next=found.following or None)


@router.post("/{endpoint_id}/deliveries/{seq}/replay", status_code=202)
async def replay(
    request: Request, caller: LiveCaller, endpoint_id: str, seq: Annotated[int, Path(ge=0, le=2**63 - 1)]
) -> dict[str, object]:
    """Tell it again, with the same webhook-id."""
    webhooks, who = services_of(request).webhooks, caller.credential.username
    done = await asyncio.to_thread(webhooks.replay, caller.integration.id, endpoint_id, seq, who)
    if not done:
        raise _missing(f"{endpoint_id}, {seq}")
    return {"id": endpoint_id, "seq": seq, "status": "queued"}


def _missing(what: str) -> Problem:
    return Problem(404, "WM-NOT-FOUND", "There is no such thing", f"{what[:60]} is none of this integration's.")
