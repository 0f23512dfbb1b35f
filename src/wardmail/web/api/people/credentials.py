"""`/v1/integrations/NAME/credentials`: user names and secrets; a secret is told once, when it is made."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from wardmail.web.api.person_caller import CredentialIssuer, Seer
from wardmail.web.api.schema import SMALL, Line, Name, Sent
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/integrations/{name}/credentials", tags=["credentials"])

_MOST_DAYS = 3_650
_Lifetime = Annotated[float | None, Field(gt=0, le=_MOST_DAYS, description="null: it does not expire.")]


class NewCredential(Sent):
    username: Annotated[Name | None, Field(description="Absent: the integration's name with a number.")] = None
    expires_in_days: _Lifetime = 365
    networks: Annotated[
        tuple[Annotated[Line, Field(max_length=50)], ...],
        Field(max_length=100, description="From where it may be used; none: from anywhere that the integration may."),
    ] = ()


class Rotation(Sent):
    overlap_days: Annotated[float, Field(ge=0, le=90, description="For how long the old one lets in.")] = 7
    expires_in_days: _Lifetime = 365


@router.get("")
async def show_all(request: Request, person: Seer, name: Name) -> dict[str, object]:
    """Without their secrets."""
    return {"items": await asyncio.to_thread(office_of(request).integrations.credentials, name)}


@router.post("", status_code=201, max_body_size=SMALL)
async def add(request: Request, person: CredentialIssuer, name: Name, made: NewCredential) -> dict[str, object]:
    """`secret` is told this once, and cannot be told again."""
    issue = partial(
        office_of(request).integrations.issue,
        person,
        name,
        username=made.username or "",
        lifetime_days=made.expires_in_days,
        networks=made.networks,
    )
    return dict(await asyncio.to_thread(issue))


@router.post("/{username}/rotate", status_code=201, max_body_size=SMALL)
async def rotate(
    request: Request, person: CredentialIssuer, name: Name, username: Name, wanted: Rotation
) -> dict[str, object]:
    """Another one with the same networks, its `secret` told this once; the old one ends after `overlap_days`."""
    change = partial(
        office_of(request).integrations.rotate,
        person,
        name,
        username,
        overlap_days=wanted.overlap_days,
        lifetime_days=wanted.expires_in_days,
    )
    return dict(await asyncio.to_thread(change))


@router.post("/{username}/revoke")
async def revoke(request: Request, person: CredentialIssuer, name: Name, username: Name) -> dict[str, object]:
    """Nobody gets in by it any more, within a second."""
    return dict(await asyncio.to_thread(office_of(request).integrations.revoke, person, name, username))
