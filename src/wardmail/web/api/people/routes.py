"""`/v1/routes`: the named ways out, as `wardmail route` has them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from wardmail.model.person import Person
from wardmail.web.api.people import writing
from wardmail.web.api.person_caller import RouteChanger, Seer
from wardmail.web.api.schema import SMALL, FindNamed, Items, Name, NewRecord, WholeRecord, Written
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/routes", tags=["routes"])

_TryOnly = Annotated[bool, Query(alias="dry_run", description="Say what would change; change nothing.")]


@router.get("", response_model=Items)
async def show_all(request: Request, person: Seer, find: Annotated[FindNamed, Query()]) -> Items:
    """By name; secrets by reference alone."""
    page = await asyncio.to_thread(office_of(request).routes.page, find.after, find.limit)
    return Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.post("", status_code=201, response_model=Written, max_body_size=SMALL)
async def create(request: Request, person: RouteChanger, made: NewRecord, try_only: _TryOnly = False) -> Written:
    """Make one. A secret is named by reference (`keystore:NAME`), never written out."""
    return await writing.create(request, person, "route", made, dry_run=try_only)


@router.get("/{name}")
async def show(request: Request, person: Seer, name: Name) -> dict[str, object]:
    """`problems` are sentences that say what to do; `record` can be written again."""
    return dict(await asyncio.to_thread(office_of(request).routes.one, name))


@router.put("/{name}", response_model=Written, max_body_size=SMALL)
async def replace(
    request: Request, person: RouteChanger, name: Name, made: WholeRecord, try_only: _TryOnly = False
) -> Written:
    """Write the whole record anew. Mail that is queued already takes the changed route."""
    return await writing.replace(request, person, "route", name, made, dry_run=try_only)


@router.post("/{name}/pause")
async def pause(request: Request, person: RouteChanger, name: Name) -> dict[str, object]:
    """Send nothing by it; its mail waits."""
    return await _pause(request, person, name, paused=True)


@router.post("/{name}/resume")
async def resume(request: Request, person: RouteChanger, name: Name) -> dict[str, object]:
    """Send by it again."""
    return await _pause(request, person, name, paused=False)


async def _pause(request: Request, person: Person, name: str, *, paused: bool) -> dict[str, object]:
    return dict(await asyncio.to_thread(partial(office_of(request).routes.pause, person, name, paused=paused)))
