"""`/v1/sharing-agreements`: they let sensitive mail go to a partner whose domain is not known to be secure (SHARE-6)."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from wardmail.model.person import Person
from wardmail.web.api.people import writing
from wardmail.web.api.person_caller import AgreementManager, SafetyOfficer, Seer
from wardmail.web.api.schema import SMALL, FindNamed, Items, Name, NewRecord, Reason, Sent, Why, Written
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/sharing-agreements", tags=["sharing agreements"])

_TryOnly = Annotated[bool, Query(alias="dry_run", description="Say what would be made; make nothing.")]


class Renewal(Sent):
    name: Annotated[Name, Field(description="Of the new agreement; the old one counts until its own end.")]
    ends: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 1, 1), description="Its last day.")]
    reason: Reason


@router.get("", response_model=Items)
async def show_all(request: Request, person: Seer, find: Annotated[FindNamed, Query()]) -> Items:
    """By name, each with its standing today and who signed it."""
    page = await asyncio.to_thread(office_of(request).agreements.page, find.after, find.limit)
    return Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.post("", status_code=201, response_model=Written, max_body_size=SMALL)
async def create(request: Request, person: AgreementManager, made: NewRecord, try_only: _TryOnly = False) -> Written:
    """Record one. It counts once governance and clinical safety have signed it, between its dates."""
    return await writing.create(request, person, "agreement", made, dry_run=try_only)


@router.get("/{name}")
async def show(request: Request, person: Seer, name: Name) -> dict[str, object]:
    """What it covers, and who signed it."""
    return dict(await asyncio.to_thread(office_of(request).agreements.one, name))


@router.post("/{name}/signatures/governance", max_body_size=SMALL)
async def sign_for_governance(request: Request, person: AgreementManager, name: Name, why: Why) -> dict[str, object]:
    """Sign it off for information governance; another person signs for clinical safety."""
    return await _signed(request, person, name, "governance", why)


@router.post("/{name}/signatures/clinical-safety", max_body_size=SMALL)
async def sign_for_clinical_safety(request: Request, person: SafetyOfficer, name: Name, why: Why) -> dict[str, object]:
    """Sign it off for clinical safety; another person signs for governance."""
    return await _signed(request, person, name, "clinical-safety", why)


@router.post("/{name}/renew", status_code=201, max_body_size=SMALL)
async def renew(request: Request, person: AgreementManager, name: Name, to: Renewal) -> dict[str, object]:
    """Make the same agreement anew, from today with a later end; it is signed like any other."""
    desk = office_of(request).agreements
    return dict(await asyncio.to_thread(desk.renew, person, name, to.name, to.ends, to.reason))


@router.post("/{name}/end", max_body_size=SMALL)
async def end(request: Request, person: AgreementManager, name: Name, why: Why) -> dict[str, object]:
    """End it now: what it let go is held from this second on."""
    return dict(await asyncio.to_thread(office_of(request).agreements.end, person, name, why.reason))


async def _signed(request: Request, person: Person, name: str, part: str, why: Why) -> dict[str, object]:
    return dict(await asyncio.to_thread(office_of(request).agreements.sign, person, name, part, why.reason))
