"""`/v1/messages`: send, or ask what would happen; find, and follow what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wardmail.model.decision import Decision
from wardmail.model.reading import FoundBy, Wanted
from wardmail.model.refusal import Refusal
from wardmail.outbound.walk import Judgement
from wardmail.web.api import schema
from wardmail.web.api.caller import Caller
from wardmail.web.api.intake import Intake, taken_in
from wardmail.web.api.problem import Problem, problem_of
from wardmail.web.api.repetition import once
from wardmail.web.api.services import ApiServices, services_of

router = APIRouter(prefix="/v1/messages", tags=["messages"])
_Taken = Annotated[Intake, Depends(taken_in)]


@router.post(
    "",
    status_code=202,
    response_model=schema.Decided,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Message"}},
                "message/rfc822": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def send(
    request: Request,
    intake: _Taken,
    dry_run: Annotated[bool, Query(description="Say what would happen; send and keep nothing.")] = False,
) -> Response:
    """Take a message in, as JSON or as `message/rfc822` (then with `from` and `to` in the query).

    202 means that it is stored durably, and what was decided for each recipient. A refusal is a problem with the
    same code as an SMTP client gets; nothing is kept then. With `Idempotency-Key` (or `X-Request-ID`) a repetition
    within 24 hours gets the first reply again, marked by `Idempotent-Replayed`.
    """
    services = services_of(request)
    if dry_run:
        return _previewed(intake, await services.desk.preview(intake.submission))
    return await once(request, intake, partial(_taken, services))


@router.get("", response_model=schema.Items)
async def search(request: Request, caller: Caller, find: Annotated[schema.Find, Query()]) -> schema.Items:
    """The integration's messages, newest first, a line for each recipient."""
    services = services_of(request)
    wanted = Wanted(caller.integration.id, find.q, find.status or "", after=find.after, limit=find.limit)
    wanted = replace(wanted, sent_by=caller.reach, found_by=FoundBy.NAME)
    page = await asyncio.to_thread(services.messages.search, wanted)
    return schema.Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.get("/{message_id}")
async def show(request: Request, caller: Caller, message_id: str) -> dict[str, object]:
    """One message: what has become of each recipient's copy."""
    services = services_of(request)
    records = await asyncio.to_thread(services.messages.of_message, caller.integration.id, message_id, caller.reach)
    if not records:
        raise _missing(message_id)
    return {"id": message_id, "recipients": [dict(each) for each in records]}


@router.get("/{message_id}/events")
async def events(request: Request, caller: Caller, message_id: str) -> dict[str, object]:
    """Everything that happened to it, in order."""
    services: ApiServices = services_of(request)
    history = await asyncio.to_thread(services.messages.history, caller.integration.id, message_id, caller.reach)
    if not history:
        raise _missing(message_id)
    return {"items": [dict(each) for each in history]}


async def _taken(services: ApiServices, intake: Intake) -> dict[str, object]:
    receipt = await services.desk.accept(intake.submission)
    if isinstance(receipt, Refusal):
        raise problem_of(receipt)
    people = [str(address) for address, _ in receipt.decisions]
    decided = _decided(people, [decision for _, decision in receipt.decisions])
    decided = decided.model_copy(update={"id": receipt.message_id, "status": "accepted"})
    return decided.model_dump(exclude_none=True)


def _missing(message_id: str) -> Problem:
    return Problem(404, "WM-NOT-FOUND", "There is no such message", f"{message_id[:40]} is none of this integration's.")


def _previewed(intake: Intake, judged: Judgement | Refusal) -> Response:
    if isinstance(judged, Refusal):
        raise problem_of(judged)
    people = [str(each.address) for each in judged.envelope.recipients]
    decided = _decided(people, judged.decisions)
    update = {"status": "dry-run", "classification": judged.classification.level.label}
    return JSONResponse(decided.model_copy(update=update).model_dump(exclude_none=True), 200)


def _decided(people: Sequence[str], decisions: Sequence[Decision]) -> schema.Decided:
    rows = [
        schema.RecipientDecision(
            to=to,
            outcome=each.outcome.value,
            route=each.route,
            because=[hit.sentence for hit in each.because],
        )
        for to, each in zip(people, decisions, strict=True)
    ]
    return schema.Decided(status="", recipients=rows)
