"""`/v1/domains`: our own sender domains, their keys and DNS records. `/v1/lists`: what is known of others' domains."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.requests import Request

from wardmail.web.api.person_caller import SecretKeeper, Seer
from wardmail.web.api.schema import SMALL, Line, Sent
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1", tags=["domains and lists"])

_Domain = Annotated[str, Path(max_length=255, pattern="^[^\\x00-\\x20/]+$")]
_List = Annotated[str, Path(pattern="^[a-z-]{1,63}$")]


class NewKeys(Sent):
    algorithms: Annotated[
        tuple[Literal["rsa-sha256", "ed25519-sha256"], ...], Field(max_length=2, description="Absent: both.")
    ] = ()
    key: Annotated[
        Line, Field(max_length=500, description="A key that stays in its vault or on its token, by reference.")
    ] = ""


@router.get("/domains")
async def show_all(request: Request, person: Seer) -> dict[str, object]:
    """Every domain that an integration sends as, or that has a signing key."""
    return {"items": await asyncio.to_thread(office_of(request).domains.all)}


@router.get("/domains/{domain}/dkim-keys")
async def keys(request: Request, person: Seer, domain: _Domain) -> dict[str, object]:
    """Where they are kept, and when each was last used."""
    return {"items": await asyncio.to_thread(office_of(request).domains.keys, domain)}


@router.post("/domains/{domain}/dkim-keys", status_code=201, max_body_size=SMALL)
async def rotate(request: Request, person: SecretKeeper, domain: _Domain, wanted: NewKeys) -> dict[str, object]:
    """Make new signing keys, also the first. The old ones stop signing: leave their records up for a week."""
    desk = office_of(request).domains
    return {"items": await asyncio.to_thread(desk.rotate, person, domain, wanted.algorithms, wanted.key)}


@router.get("/domains/{domain}/dns-records")
async def dns_records(request: Request, person: Seer, domain: _Domain) -> dict[str, object]:
    """What to publish, and why."""
    return {"items": await asyncio.to_thread(office_of(request).domains.dns_records, domain)}


@router.get("/lists")
async def lists(request: Request, person: Seer) -> dict[str, object]:
    """The newest version of each list: where it came from, when, and who imported it."""
    return {"items": await asyncio.to_thread(office_of(request).domains.lists)}


@router.get("/lists/{name}")
async def one_list(request: Request, person: Seer, name: _List) -> dict[str, object]:
    """Its version in use, and those before it."""
    return dict(await asyncio.to_thread(office_of(request).domains.list_named, name))


@router.get("/lists/{name}/entries/{domain}")
async def entry(request: Request, person: Seer, name: _List, domain: _Domain) -> dict[str, object]:
    """What the list says of one domain."""
    return dict(await asyncio.to_thread(office_of(request).domains.entry, name, domain))
