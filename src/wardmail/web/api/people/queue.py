"""`/v1/queue`: what waits to be sent, as `wardmail queue` sees and changes it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.reading import Wanted
from wardmail.web.api.person_caller import QueueOperator, Seer
from wardmail.web.api.schema import SMALL, Items, Line, MessageId, Reason, Sent
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/queue", tags=["queue"])

_MOST = 1_000
_WAITING = tuple(state.value for state in WAITING)
_STATES = {"hold": RecipientState.HELD, "cancel": RecipientState.CANCELLED}


class FindWaiting(Sent):
    integration: Annotated[Line, Field(max_length=63)] = ""
    domain: Annotated[Line, Field(max_length=255, description="Only to this domain.")] = ""
    held: Annotated[bool, Field(description="Held copies too.")] = False
    after: Annotated[str, Field(pattern="^([0-9A-Z]{18}-[0-9]{1,6})?$", description="`next` of an earlier page.")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class Flush(Sent):
    """Try everything that waits now, or what waits for one domain."""

    action: Literal["flush"]
    domain: Annotated[Line, Field(max_length=255)] = ""


class Retry(Sent):
    """Try these messages now."""

    action: Literal["retry"]
    ids: Annotated[list[MessageId], Field(min_length=1, max_length=_MOST)]


class Stop(Sent):
    """Hold these messages until a person releases them, or do not send them. Held copies are decided about by `/v1/holds`."""

    action: Literal["hold", "cancel"]
    ids: Annotated[list[MessageId], Field(min_length=1, max_length=_MOST)]
    reason: Reason


Action = Annotated[Flush | Retry | Stop, Field(discriminator="action")]


@router.get("", response_model=Items)
async def show(request: Request, person: Seer, find: Annotated[FindWaiting, Query()]) -> Items:
    """Copies that wait, the newest first."""
    states = (*_WAITING, RecipientState.HELD.value) if find.held else _WAITING
    wanted = Wanted(
        find.integration, status=",".join(states), after=find.after, limit=find.limit, domain=find.domain.lower()
    )
    page = await asyncio.to_thread(office_of(request).messages.search, wanted)
    return Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.post("/actions", max_body_size=SMALL)
async def act(request: Request, person: QueueOperator, wanted: Action) -> dict[str, object]:
    """`copies` is how many it was done to; `in_hand` are being sent at this moment, and were left alone."""
    waiting = office_of(request).waiting
    match wanted:
        case Flush():
            copies = await asyncio.to_thread(waiting.hurry, None, wanted.domain.lower(), person.id)
            return {"action": wanted.action, "copies": copies, "in_hand": 0}
        case Retry():
            copies = await asyncio.to_thread(waiting.hurry, wanted.ids, "", person.id)
        case Stop():
            copies = await asyncio.to_thread(_stopped, request, person.id, wanted)
    return {
        "action": wanted.action,
        "copies": copies,
        "in_hand": await asyncio.to_thread(waiting.in_hand, wanted.ids),
    }


def _stopped(request: Request, actor: str, wanted: Stop) -> int:
    change = office_of(request).waiting.change_state
    return len(change(wanted.ids, to=_STATES[wanted.action], actor=actor, reason=wanted.reason))
