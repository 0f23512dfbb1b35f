"""`/v1/integrations`: who may send, and what is left to do before they go live, as `wardmail integration` has it (RECV-8)."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from wardmail.model.person import Person
from wardmail.web.api.people import writing
from wardmail.web.api.person_caller import Drafter, IntegrationGovernor, IntegrationRunner, Seer
from wardmail.web.api.schema import (
    SMALL,
    FindNamed,
    Items,
    Line,
    Name,
    NewRecord,
    Reason,
    Sent,
    WholeRecord,
    Why,
    Written,
)
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/integrations", tags=["integrations"])

_TryOnly = Annotated[bool, Query(alias="dry_run", description="Say what would change; change nothing.")]
_Task = Annotated[str, Field(pattern="^[a-z0-9-]{1,63}$")]


class Vouched(Sent):
    reason: Annotated[Reason, Field(description="Why it is done.")]
    evidence: Annotated[Line, Field(max_length=500, description="Where that can be seen: a link, a ticket.")] = ""


@router.get("", response_model=Items)
async def show_all(request: Request, person: Seer, find: Annotated[FindNamed, Query()]) -> Items:
    """By name, each with its state today, when it falls due, what it lacks, and its credentials without secrets."""
    page = await asyncio.to_thread(office_of(request).integrations.page, find.after, find.limit)
    return Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.post("", status_code=201, response_model=Written, max_body_size=SMALL)
async def create(request: Request, person: Drafter, made: NewRecord, try_only: _TryOnly = False) -> Written:
    """Register one, as a draft: it sends nothing until its trial begins."""
    return await writing.create(request, person, "integration", made, dry_run=try_only)


@router.get("/{name}")
async def show(request: Request, person: Seer, name: Name) -> dict[str, object]:
    """`record` is what can be written again."""
    office = office_of(request)
    found = await asyncio.to_thread(office.integrations.one, name)
    return dict(found) | {"record": dict(await asyncio.to_thread(office.records.table, "integration", name))}


@router.put("/{name}", response_model=Written, max_body_size=SMALL)
async def replace(
    request: Request, person: Drafter, name: Name, made: WholeRecord, try_only: _TryOnly = False
) -> Written:
    """Write the whole record anew. States, ticks and approvals cannot be written; what is live may not come to lack anything."""
    return await writing.replace(request, person, "integration", name, made, dry_run=try_only)


@router.get("/{name}/go-live-tasks")
async def tasks(request: Request, person: Seer, name: Name) -> dict[str, object]:
    """What is left to do, by who sees to it."""
    return {"items": await asyncio.to_thread(office_of(request).integrations.tasks, name)}


@router.put("/{name}/go-live-tasks/{task}/tick", max_body_size=SMALL)
async def tick(request: Request, person: Seer, name: Name, task: _Task, word: Vouched) -> dict[str, object]:
    """Vouch that a task is done; the task says who may."""
    desk = office_of(request).integrations
    return {"items": await asyncio.to_thread(desk.tick, person, name, task, word.reason, word.evidence)}


@router.delete("/{name}/go-live-tasks/{task}/tick")
async def untick(
    request: Request, person: Drafter, name: Name, task: _Task, why: Annotated[Why, Query()]
) -> dict[str, object]:
    """Take back that a task is done."""
    return {"items": await asyncio.to_thread(office_of(request).integrations.untick, person, name, task, why.reason)}


@router.post("/{name}/go-live-requests", max_body_size=SMALL)
async def ask(request: Request, person: Drafter, name: Name, why: Why) -> dict[str, object]:
    """The first of two people: ask that it goes live, when every task is done."""
    return dict(await asyncio.to_thread(office_of(request).integrations.ask_to_go_live, person, name, why.reason))


@router.post("/{name}/go-live-approvals", max_body_size=SMALL)
async def approve(request: Request, person: IntegrationGovernor, name: Name, why: Why) -> dict[str, object]:
    """The second of two people: it goes live."""
    return dict(await asyncio.to_thread(office_of(request).integrations.approve_going_live, person, name, why.reason))


@router.post("/{name}/trial", max_body_size=SMALL)
async def begin_trial(request: Request, person: Drafter, name: Name, why: Why) -> dict[str, object]:
    """Let a draft send: by a sandbox route to anybody, by a real one to its team recipients only."""
    return await _step(request, person, name, "trial", why)


@router.post("/{name}/suspend", max_body_size=SMALL)
async def suspend(request: Request, person: IntegrationRunner, name: Name, why: Why) -> dict[str, object]:
    """Nothing more is taken within a second; what it handed in already is held, not lost."""
    return await _step(request, person, name, "suspend", why)


@router.post("/{name}/resume", max_body_size=SMALL)
async def resume(request: Request, person: IntegrationRunner, name: Name, why: Why) -> dict[str, object]:
    """It goes on from where it was; what was held meanwhile waits for a person."""
    return await _step(request, person, name, "resume", why)


@router.post("/{name}/retire", max_body_size=SMALL)
async def retire(request: Request, person: IntegrationRunner, name: Name, why: Why) -> dict[str, object]:
    """For good: no log-in any more, and no way back. Its record and its audit stay."""
    return await _step(request, person, name, "retire", why)


async def _step(request: Request, person: Person, name: str, step: str, why: Why) -> dict[str, object]:
    return dict(await asyncio.to_thread(office_of(request).integrations.take, person, name, step, why.reason))
