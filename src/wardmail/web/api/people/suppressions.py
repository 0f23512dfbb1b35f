"""`/v1/suppressions`: addresses that mail must not go to, as `wardmail suppression` keeps them (SEND-3)."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from wardmail.model.reading import NoSuchPage, Wanted
from wardmail.web.api.person_caller import QueueOperator, Seer
from wardmail.web.api.problem import no_such_page
from wardmail.web.api.schema import SMALL, AddressText, Items, Line, Reason, Sent
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/suppressions", tags=["suppressions"])

_Integration = Annotated[Line, Field(max_length=63, description="Only for this one; empty: for all.")]


class FindSuppressed(Sent):
    q: Annotated[Line, Field(max_length=320, description="Part of an address.")] = ""
    after: Annotated[str, Field(pattern="^[A-Za-z0-9_=-]*$", max_length=800, description="`next` of a page.")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class Suppressed(Sent):
    address: AddressText
    integration: _Integration = ""
    reason: Reason
    days: Annotated[float | None, Field(gt=0, le=36_500, description="Absent: until somebody takes it off.")] = None


class TakenOff(Sent):
    reason: Reason
    integration: Annotated[Line | None, Field(max_length=63, description="Absent: every entry of the address.")] = None


@router.get("", response_model=Items)
async def show_all(request: Request, person: Seer, find: Annotated[FindSuppressed, Query()]) -> Items:
    """By address."""
    wanted = Wanted("", find.q, after=find.after, limit=find.limit)
    try:
        page = await asyncio.to_thread(office_of(request).suppressions.page, wanted)
    except NoSuchPage:
        raise no_such_page() from None
    return Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.post("", status_code=201, max_body_size=SMALL)
async def add(request: Request, person: QueueOperator, made: Suppressed) -> dict[str, object]:
    """Put an address on the list."""
    desk = office_of(request).suppressions
    return dict(await asyncio.to_thread(desk.add, person, made.address, made.integration, made.reason, made.days))


@router.delete("/{address}")
async def remove(
    request: Request, person: QueueOperator, address: AddressText, why: Annotated[TakenOff, Query()]
) -> dict[str, object]:
    """Take an address off the list: mail may go there again."""
    desk = office_of(request).suppressions
    return dict(await asyncio.to_thread(desk.remove, person, address, why.integration, why.reason))
