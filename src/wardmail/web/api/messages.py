"""`/v1/messages`: send, or ask what would happen; find, and follow what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wardmail.model.decision import Decision
from wardmail.model.message import Submission
from wardmail.model.reading import Record, Wanted
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.outbound.walk import Judgement
from wardmail.web.api import schema
from wardmail.web.api.asker import Asker, Seeing, scope_of
from wardmail.web.api.intake import Intake, taken_in
from wardmail.web.api.problem import Problem, problem_of
from wardmail.web.api.repetition import Keyed, once
from wardmail.web.api.services import ApiServices, services_of

router = APIRouter(prefix="/v1/messages", tags=["messages"])
_Taken = Annotated[Intake, Depends(taken_in)]


class FindMessages(schema.Find):
    integration: Annotated[schema.Line, Field(max_length=63, description="For people; a program sees its own.")] = ""


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
    identity = intake.identity
    scope = scope_of(identity.integration.id, identity.reach)
    keyed = Keyed(scope, identity.integration.id, intake.fingerprint, intake.submission.id)
    return await once(request, keyed, partial(_taken, services, intake.submission))


@router.get("", response_model=schema.Items)
async def search(request: Request, asker: Seeing, find: Annotated[FindMessages, Query()]) -> schema.Items:
    """Messages, newest first, a line for each recipient; a program gets its integration's own."""
    integration = asker.integration or find.integration
    wanted = Wanted(integration, find.q, find.status or "", after=find.after, limit=find.limit, sent_by=asker.reach)
    wanted = replace(wanted, found_by=asker.found_by)
    page = await asyncio.to_thread(services_of(request).messages.search, wanted)
    return schema.Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.get("/{message_id}")
async def show(request: Request, asker: Seeing, message_id: str) -> dict[str, object]:
    """One message: what has become of each recipient's copy."""
    return {"id": message_id, "recipients": [dict(each) for each in await copies_of(request, asker, message_id)]}


@router.get("/{message_id}/events")
async def events(request: Request, asker: Seeing, message_id: str) -> dict[str, object]:
    """Everything that happened to it, in order."""
    services = services_of(request)
    history = await asyncio.to_thread(services.messages.history, asker.integration, message_id, asker.reach)
    if not history:
        raise missing(message_id)
    return {"items": [dict(each) for each in history]}


async def copies_of(request: Request, asker: Asker, message_id: str) -> Sequence[Record]:
    """Raises Problem (404) for what is not there, and for what is another integration's, in the same words."""
    services = services_of(request)
    found = await asyncio.to_thread(services.messages.of_message, asker.integration, message_id, asker.reach)
    if not found:
        raise missing(message_id)
    return found


def missing(message_id: str) -> Problem:
    return Problem(404, "WM-NOT-FOUND", "There is no such message", f"{message_id[:40]} is none that you may see.")


def accepted_reply(receipt: Accepted) -> dict[str, object]:
    people = [str(address) for address, _ in receipt.decisions]
    decided = _decided(people, [decision for _, decision in receipt.decisions])
    decided = decided.model_copy(update={"id": receipt.message_id, "status": "accepted"})
    return decided.model_dump(exclude_none=True)


async def _taken(services: ApiServices, submission: Submission, message_id: str) -> dict[str, object]:
    receipt = await services.desk.accept(replace(submission, id=message_id))
    if isinstance(receipt, Refusal):
        raise problem_of(receipt)
    return accepted_reply(receipt)


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
