"""`/v1/integrations/NAME/webhook-endpoints`: where programs are told of their mail, as `wardmail webhook` makes them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from wardmail.web.api.person_caller import CredentialIssuer, QueueOperator, Seer
from wardmail.web.api.schema import SMALL, Line, Name, Reason, Sent, Why
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/integrations/{name}/webhook-endpoints", tags=["webhooks"])

_Endpoint = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{1,62}$")]


class NewEndpoint(Sent):
    url: Annotated[Line, Field(min_length=9, max_length=2_000, examples=["https://app.example/hook"])]
    types: Annotated[
        tuple[Annotated[str, Field(max_length=60)], ...], Field(max_length=50, description="None: every type of event.")
    ] = ()
    ed25519: Annotated[bool, Field(description="Sign with a private key; the receiver gets the public one.")] = False
    allow_private: Annotated[bool, Field(description="It may be at an address that is not public.")] = False


class NewSecret(Sent):
    ed25519: bool = False
    reason: Reason


@router.get("")
async def show_all(request: Request, person: Seer, name: Name) -> dict[str, object]:
    """Without their secrets."""
    return {"items": await asyncio.to_thread(office_of(request).webhooks.all, name)}


@router.post("", status_code=201, max_body_size=SMALL)
async def add(request: Request, person: CredentialIssuer, name: Name, made: NewEndpoint) -> dict[str, object]:
    """It is told of what happens from now on. `secret`, or the public key, is told this once."""
    add_it = partial(
        office_of(request).webhooks.add,
        person,
        name,
        made.url,
        types=made.types,
        ed25519=made.ed25519,
        allow_private=made.allow_private,
    )
    return dict(await asyncio.to_thread(add_it))


@router.post("/{endpoint_id}/test")
async def test(request: Request, person: CredentialIssuer, name: Name, endpoint_id: _Endpoint) -> dict[str, object]:
    """Post one event of the type wardmail.test now, and say what came of it."""
    desk = office_of(request).webhooks
    await asyncio.to_thread(desk.require, name, endpoint_id)
    return dict(await desk.test(endpoint_id))


@router.post("/{endpoint_id}/secret-rotations", status_code=201, max_body_size=SMALL)
async def rotate(
    request: Request, person: CredentialIssuer, name: Name, endpoint_id: _Endpoint, wanted: NewSecret
) -> dict[str, object]:
    """Another `secret`, told this once; both sign until the change is finished."""
    desk = office_of(request).webhooks
    await asyncio.to_thread(desk.require, name, endpoint_id)
    rotate_it = partial(desk.rotate, person, endpoint_id, ed25519=wanted.ed25519, reason=wanted.reason)
    return dict(await asyncio.to_thread(rotate_it))


@router.post("/{endpoint_id}/secret-rotations/finish", max_body_size=SMALL)
async def finish(
    request: Request, person: CredentialIssuer, name: Name, endpoint_id: _Endpoint, why: Why
) -> dict[str, object]:
    """The receiver has the new secret: sign with it alone."""
    desk = office_of(request).webhooks
    await asyncio.to_thread(desk.require, name, endpoint_id)
    return dict(await asyncio.to_thread(desk.finish, person, endpoint_id, why.reason))


@router.post("/{endpoint_id}/pause", max_body_size=SMALL)
async def pause(
    request: Request, person: QueueOperator, name: Name, endpoint_id: _Endpoint, why: Why
) -> dict[str, object]:
    """Tell it nothing until it is resumed; what happens meanwhile is told then."""
    desk = office_of(request).webhooks
    await asyncio.to_thread(desk.require, name, endpoint_id)
    return dict(await asyncio.to_thread(partial(desk.stop, person, endpoint_id, stopped=why.reason, reason=why.reason)))


@router.post("/{endpoint_id}/resume", max_body_size=SMALL)
async def resume(
    request: Request, person: QueueOperator, name: Name, endpoint_id: _Endpoint, why: Why
) -> dict[str, object]:
    """Tell it again, also of what happened meanwhile."""
    desk = office_of(request).webhooks
    await asyncio.to_thread(desk.require, name, endpoint_id)
    return dict(await asyncio.to_thread(partial(desk.stop, person, endpoint_id, stopped="", reason=why.reason)))


@router.post("/{endpoint_id}/remove", status_code=204, response_class=Response, max_body_size=SMALL)
async def remove(request: Request, person: CredentialIssuer, name: Name, endpoint_id: _Endpoint, why: Why) -> Response:
    """Forget it, with what it was still to be told."""
    desk = office_of(request).webhooks
    await asyncio.to_thread(desk.require, name, endpoint_id)
    await asyncio.to_thread(desk.remove, person, endpoint_id, why.reason)
    return Response(status_code=204)
