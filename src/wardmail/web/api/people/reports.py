"""`/v1/reports`: what others report about our domains, and what became of our own mail."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request

from wardmail.model.reading import NoSuchPage, Wanted
from wardmail.web.api.person_caller import Seer
from wardmail.web.api.problem import no_such_page
from wardmail.web.api.schema import Items
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/reports", tags=["reports"])

_Kind = Literal["dmarc", "tls"]
_Domain = Annotated[str, Query(max_length=253, description="Of this domain of ours only.")]
_Days = Annotated[int, Query(ge=1, le=400)]


@router.get("/delivery")
async def delivery(request: Request, person: Seer, days: Annotated[int, Query(ge=1, le=92)] = 30) -> dict[str, object]:
    """What became of our mail: copies by integration and status, sensitive ones by destination, refusals, holds.

    At most 500 destinations, those with most first; `sensitive_destinations_left_out` counts the others, which evidence
    packs have.
    """
    return dict(await asyncio.to_thread(office_of(request).reports.delivery, days))


@router.get("/{kind}")
async def summary(
    request: Request, person: Seer, kind: _Kind, domain: _Domain = "", days: _Days = 30
) -> dict[str, object]:
    """Added up by day, reporter and sender. Claims of strangers are counted in `claims` and in nothing else."""
    return dict(await asyncio.to_thread(office_of(request).reports.summary, kind, domain, days))


@router.get("/{kind}/items", response_model=Items)
async def items(
    request: Request,
    person: Seer,
    kind: _Kind,
    domain: _Domain = "",
    *,
    days: _Days = 30,
    after: Annotated[str, Query(max_length=4_000, description="`next` of an earlier page.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Items:
    """Report by report, the newest first; `standing` says how far it is known who says so.

    A page has fewer than `limit` where reports are large: as long as there is a `next` there are more.
    """
    wanted = Wanted("", after=after, limit=limit, domain=domain)
    try:
        page = await asyncio.to_thread(office_of(request).reports.reports, kind, days, wanted)
    except NoSuchPage:
        raise no_such_page() from None
    return Items(items=[dict(each) for each in page.records], next=page.following or None)
