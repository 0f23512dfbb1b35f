"""`/v1/domains`: our own domains and others', their keys, DNS records and looks. `/v1/lists`: what is known of others."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.requests import Request

from wardmail.manage.signing_keys import MOST_NAMED
from wardmail.web.api.person_caller import ListKeeper, SecretKeeper, Seer
from wardmail.web.api.schema import SMALL, Line, Sent
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1", tags=["domains and lists"])

_Domain = Annotated[str, Path(max_length=255, pattern="^[^\\x00-\\x20/]+$")]
_List = Annotated[str, Path(pattern="^[a-z-]{1,63}$")]


_Selector = Annotated[str, Path(max_length=63, pattern="^[A-Za-z0-9._-]+$")]


_Selectors = Annotated[
    tuple[Annotated[str, Field(max_length=63)], ...],
    Query(max_length=MOST_NAMED, description="Where to look for another's DKIM keys, besides the usual names."),
]


class NewDomain(Sent):
    domain: Annotated[Line, Field(min_length=1, max_length=253)]
    ours: Annotated[bool, Field(description="false: another organisation's, which is only looked at.")] = True
    note: Annotated[Line, Field(max_length=200)] = ""


class NewAssurance(Sent):
    kind: Literal["iso-27001", "penetration-test", "dspt", "cyber-essentials", "other"]
    reference: Annotated[Line, Field(min_length=1, max_length=200, description="Where the evidence is kept.")]
    until: Annotated[date, Field(description="The last day on which it counts.")]


class NewKeys(Sent):
    algorithms: Annotated[
        tuple[Literal["rsa-sha256", "ed25519-sha256"], ...], Field(max_length=2, description="Absent: both.")
    ] = ()
    key: Annotated[
        Line, Field(max_length=500, description="A key that stays in its vault or on its token, by reference.")
    ] = ""
    signs_now: Annotated[
        bool, Field(description="false: it waits until its record is published and it is activated.")
    ] = True


@router.get("/domains")
async def show_all(request: Request, person: Seer) -> dict[str, object]:
    """Every domain that an integration sends as, that has a signing key, or that was put on record."""
    return {"items": await asyncio.to_thread(office_of(request).domains.all)}


@router.post("/domains", status_code=201, max_body_size=SMALL)
async def add(request: Request, person: ListKeeper, wanted: NewDomain) -> dict[str, object]:
    """Put a domain on record: one of ours before anything sends from it, or another organisation's."""
    desk = office_of(request).domains
    made = await asyncio.to_thread(desk.add, person, wanted.domain, ours=wanted.ours, note=wanted.note)
    return dict(made)


@router.delete("/domains/{domain}", status_code=204)
async def remove(request: Request, person: ListKeeper, domain: _Domain) -> None:
    """Take it off the record. Its keys, and what was found when it was looked at, stay."""
    await asyncio.to_thread(office_of(request).domains.remove, person, domain)


@router.get("/domains/{domain}/checks")
async def checks(
    request: Request, person: Seer, domain: _Domain, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> dict[str, object]:
    """What was found whenever somebody looked, the newest first."""
    return {"items": await office_of(request).domains.checks(domain, limit)}


@router.post("/domains/{domain}/checks", status_code=201)
async def check(request: Request, person: Seer, domain: _Domain, selector: _Selectors = ()) -> dict[str, object]:
    """Look at it from outside now, ours or another's, its mail servers too. Nothing is sent; what is found is kept.

    Looks are limited for each person and in all: 429 then.
    """
    return dict(await office_of(request).domains.check(person, domain, selector))


@router.get("/domains/{domain}/evidence")
async def assurances(request: Request, person: Seer, domain: _Domain) -> dict[str, object]:
    """What its organisation shows besides what can be seen from outside, and until when each counts."""
    return {"items": await asyncio.to_thread(office_of(request).domains.assurances, domain)}


@router.post("/domains/{domain}/evidence", status_code=201, max_body_size=SMALL)
async def record_assurance(
    request: Request, person: ListKeeper, domain: _Domain, wanted: NewAssurance
) -> dict[str, object]:
    """Record it for a domain that is on record, in place of what was recorded of that kind."""
    desk = office_of(request).domains
    made = await asyncio.to_thread(desk.record_assurance, person, domain, wanted.kind, wanted.reference, wanted.until)
    return {"items": made}


@router.get("/domains/{domain}/spf-tree")
async def spf_tree(request: Request, person: Seer, domain: _Domain) -> dict[str, object]:
    """Its SPF record with all that it includes, as it was at the last look, and what it costs receivers."""
    return dict(await office_of(request).domains.spf_tree(domain))


@router.get("/domains/{domain}/dkim-keys")
async def keys(request: Request, person: Seer, domain: _Domain) -> dict[str, object]:
    """Where they are kept, whether they sign, and when each was last used."""
    return {"items": await asyncio.to_thread(office_of(request).domains.keys, domain)}


@router.post("/domains/{domain}/dkim-keys", status_code=201, max_body_size=SMALL)
async def make_keys(request: Request, person: SecretKeeper, domain: _Domain, wanted: NewKeys) -> dict[str, object]:
    """Make new signing keys, also the first. The old ones stop signing, unless the new ones are to wait."""
    desk, signs_now = office_of(request).domains, wanted.signs_now
    made = await asyncio.to_thread(desk.make_keys, person, domain, wanted.algorithms, wanted.key, signs_now=signs_now)
    return {"items": made}


@router.post("/domains/{domain}/dkim-keys/{selector}/activate")
async def activate(request: Request, person: SecretKeeper, domain: _Domain, selector: _Selector) -> dict[str, object]:
    """Sign with it from now on, once the DNS shows its record; the one before it stops: leave its record for a week."""
    return dict(await office_of(request).domains.activate(person, domain, selector))


@router.post("/domains/{domain}/dkim-keys/{selector}/retire")
async def retire(request: Request, person: SecretKeeper, domain: _Domain, selector: _Selector) -> dict[str, object]:
    """Stop signing with it, or give up one that waits; never the last one that signs."""
    return dict(await asyncio.to_thread(office_of(request).domains.retire, person, domain, selector))


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
