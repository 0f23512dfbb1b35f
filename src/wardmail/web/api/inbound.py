"""`/v1/inbound-messages`: what came in for the integration: list, fetch, acknowledge, reject (RECV-4)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from wardmail.inbound.pulling import NotPossible
from wardmail.model.reading import Wanted
from wardmail.web.api import schema
from wardmail.web.api.asker import SeeingLive
from wardmail.web.api.caller import LiveCaller
from wardmail.web.api.problem import Problem
from wardmail.web.api.services import services_of

router = APIRouter(prefix="/v1/inbound-messages", tags=["inbound messages"])


@router.get("", response_model=schema.Items)
async def search(request: Request, asker: SeeingLive, find: Annotated[schema.FindInbound, Query()]) -> schema.Items:
    """Newest first, without content; a program gets its integration's own. `status=handing-over` waits to be taken."""
    services = services_of(request)
    integration = asker.integration or find.integration
    wanted = Wanted(integration, find.q, find.status or "", after=find.after, limit=find.limit)
    wanted = replace(wanted, found_by=asker.found_by)
    page = await asyncio.to_thread(services.arrivals.search, wanted)
    return schema.Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.get("/{arrival_id}")
async def show(request: Request, asker: SeeingLive, arrival_id: str) -> dict[str, object]:
    """What was proved and found, without content; a program is told of its integration's own."""
    services = services_of(request)
    record = await asyncio.to_thread(services.arrivals.one, asker.integration, arrival_id)
    if record is None:
        raise _missing(arrival_id, is_person=asker.is_person)
    proved = await services.pull.proved(arrival_id, asker.integration)
    return dict(record) | {"proved": dict(proved)}


@router.get("/{arrival_id}/content", response_class=Response, responses={200: {"content": {"message/rfc822": {}}}})
async def fetch(request: Request, caller: LiveCaller, arrival_id: str) -> Response:
    """The message with fields on top that say what was proved and found. It stays until it is acknowledged."""
    desk = services_of(request).pull
    parcel = await desk.fetch(arrival_id, caller.integration.id, caller.credential.username)
    if isinstance(parcel, NotPossible):
        raise await _impossible(request, caller, arrival_id, parcel)
    disposition = f'attachment; filename="{parcel.id}.eml"'
    headers = {"Wardmail-Message-Id": parcel.id, "Content-Disposition": disposition}
    return Response(parcel.message, media_type="message/rfc822", headers=headers)


@router.post("/{arrival_id}/ack", status_code=204, response_class=Response)
async def acknowledge(request: Request, caller: LiveCaller, arrival_id: str) -> Response:
    """The application has it durably: the upstream's copy may go. Said twice it counts once."""
    desk = services_of(request).pull
    problem = await desk.acknowledge(arrival_id, caller.integration.id, caller.credential.username)
    if problem is not None:
        raise await _impossible(request, caller, arrival_id, problem)
    return Response(status_code=204)


@router.post("/{arrival_id}/reject", status_code=204, response_class=Response, max_body_size=schema.MOST_OCTETS)
async def reject(request: Request, caller: LiveCaller, arrival_id: str, why: schema.Rejection) -> Response:
    """The application does not want it: it stays upstream and here, and a person looks into it."""
    desk = services_of(request).pull
    problem = await desk.reject(arrival_id, caller.integration.id, caller.credential.username, why.reason)
    if problem is not None:
        raise await _impossible(request, caller, arrival_id, problem)
    return Response(status_code=204)


async def _impossible(request: Request, caller: LiveCaller, arrival_id: str, why: NotPossible) -> Problem:
    record = await asyncio.to_thread(services_of(request).arrivals.one, caller.integration.id, arrival_id)
    if record is None:
        return _missing(arrival_id)
    detail = f"Its status is {record['status']}. {why.reason}"
    return Problem(409, "WM-INBOUND-NOT-DONE", "That cannot be done with it now", detail)


def _missing(arrival_id: str, *, is_person: bool = False) -> Problem:
    detail = "Nothing came in by that ID." if is_person else f"{arrival_id[:40]} is none of this integration's."
    return Problem(404, "WM-NOT-FOUND", "There is no such message", detail)
