"""`/v1/holds`: messages that wait for a person, as `wardmail hold` decides about them (SHARE-9)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from wardmail.model.person import Person
from wardmail.model.reading import Record, Wanted
from wardmail.outbound import deciding
from wardmail.outbound.deciding import MayNotDecide, NotAsked
from wardmail.outbound.holding import may_decide
from wardmail.outbound.release import NotReleased, Proposed
from wardmail.web.api import schema
from wardmail.web.api.office import Office
from wardmail.web.api.person_caller import HoldDecider, HoldKeeper, Seer
from wardmail.web.api.problem import Problem
from wardmail.web.api.schema import SMALL, Items, Reason, Sent, Why
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/holds", tags=["holds"])

_MOST = 1_000
"""Copies that one request decides about."""


class FindHeld(Sent):
    integration: Annotated[schema.Line, Field(max_length=63)] = ""
    domain: Annotated[str, Field(max_length=255, description="Only to this domain.")] = ""
    after: Annotated[
        str, Field(pattern="^([01]-[0-9A-Z]{18}-[0-9]{1,6})?$", description="`next` of an earlier page.")
    ] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class MoreTime(Sent):
    days: Annotated[float, Field(gt=0, le=deciding.LONGEST_EXTENSION)]
    reason: Reason


class Assignment(Sent):
    person: Annotated[str, Field(min_length=1, max_length=63)]
    reason: Reason


class ManyHolds(Sent):
    """Either `ids`, or everything held that `integration` and `domain` match."""

    action: Literal["release", "cancel"]
    reason: Reason
    expected_count: Annotated[
        int, Field(ge=0, le=_MOST, description="Copies. Nothing is done when it is another number.")
    ]
    ids: Annotated[list[schema.MessageId], Field(max_length=_MOST)] | None = None
    integration: Annotated[schema.Line, Field(max_length=63)] = ""
    domain: Annotated[str, Field(max_length=255)] = ""


@router.get("", response_model=Items)
async def show_all(request: Request, person: Seer, find: Annotated[FindHeld, Query()]) -> Items:
    """Held copies, time-critical ones first, then the oldest, each with who decides and until when."""
    wanted = Wanted(find.integration, after=find.after, limit=find.limit, domain=find.domain.lower())
    page = await asyncio.to_thread(office_of(request).held.matching, wanted)
    return Items(items=[dict(each) for each in page.records], next=page.following or None)


@router.get("/{message_id}")
async def show(request: Request, person: Seer, message_id: str) -> dict[str, object]:
    """The held copies of one message."""
    copies = await _copies(office_of(request), message_id)
    return {"id": copies[0]["id"], "copies": [dict(each) for each in copies]}


@router.post("/{message_id}/release", max_body_size=SMALL)
async def release(request: Request, person: HoldDecider, message_id: str, why: Why) -> dict[str, object]:
    """Let it go: the policy is asked again. Where a rule asks for two people the first proposes (`status` says which).

    Time-critical mail may be released by a clinician; everything else takes the permission to release holds.
    """
    office = office_of(request)
    copies = await _copies(office, message_id)
    _require_may(person, "release", copies)
    done = await _let_go(office, copies, person, why.reason)
    if isinstance(done, NotReleased):
        raise Problem(409, "WM-HOLD-NOT-RELEASED", "It was not released", done.reason)
    return _released(message_id, done, person)


@router.post("/{message_id}/cancel", max_body_size=SMALL)
async def cancel(request: Request, person: HoldKeeper, message_id: str, why: Why) -> dict[str, object]:
    """Do not send it. Its content is kept until its term ends."""
    office = office_of(request)
    changed = await _cancel(office, await _copies(office, message_id), person, why.reason)
    if not changed:
        detail = "Somebody else decided a moment before."
        raise Problem(409, "WM-HOLD-NOT-HELD", "It was not held any more", detail)
    return {"id": message_id, "status": "cancelled", "copies": changed}


@router.post("/{message_id}/extend", max_body_size=SMALL)
async def extend(request: Request, person: HoldKeeper, message_id: str, more: MoreTime) -> dict[str, object]:
    """More time before its deadline."""
    office, said = office_of(request), {"actor": person.id, "reason": more.reason}
    await _copies(office, message_id)
    now = office.world.clock.now()
    _require_done(
        await asyncio.to_thread(lambda: deciding.extend(office.holds, message_id, more.days, now=now, **said))
    )
    return await show(request, person, message_id)


@router.post("/{message_id}/assign", max_body_size=SMALL)
async def assign(request: Request, person: HoldKeeper, message_id: str, to: Assignment) -> dict[str, object]:
    """Give it to another person to decide; the alerts begin anew with them."""
    office, said = office_of(request), {"actor": person.id, "reason": to.reason}
    await _copies(office, message_id)
    owner = await asyncio.to_thread(office.people.one, to.person)
    if owner is None or not owner.is_here:
        wrong = {"pointer": "/person", "detail": "is nobody who works with the gateway"}
        raise Problem(422, "WM-PERSON-NOT-FOUND", "There is no such person", "Name somebody else.", [wrong])
    now = office.world.clock.now()
    _require_done(await asyncio.to_thread(lambda: deciding.assign(office.holds, message_id, owner, now=now, **said)))
    return await show(request, person, message_id)


@router.post("/actions", max_body_size=SMALL)
async def decide_many(request: Request, person: HoldDecider, wanted: ManyHolds) -> dict[str, object]:
    """Release or cancel many. 409 with the real number, and nothing done, when it is not `expected_count`."""
    office = office_of(request)
    copies = await _chosen(office, wanted)
    if len(copies) != wanted.expected_count:
        detail = f"You expect {wanted.expected_count} copies, and {len(copies)} match. Nothing was done: look again."
        raise Problem(409, "WM-HOLD-COUNT", "It is another number", detail, more={"count": len(copies)})
    _require_may(person, wanted.action, copies)
    items = []
    for _, group in groupby(copies, key=lambda each: str(each["id"])):
        items.append(await _decided(office, list(group), person, wanted))
    return {"items": items}


async def _decided(office: Office, copies: Sequence[Record], person: Person, wanted: ManyHolds) -> dict[str, object]:
    message_id = str(copies[0]["id"])
    if wanted.action == "cancel":
        changed = await _cancel(office, copies, person, wanted.reason)
        return {"id": message_id, "status": "cancelled" if changed else "not-held", "copies": changed}
    done = await _let_go(office, copies, person, wanted.reason)
    if isinstance(done, NotReleased):
        return {"id": message_id, "status": "not-released", "copies": 0, "why": done.reason}
    return _released(message_id, done, person)


async def _let_go(
    office: Office, copies: Sequence[Record], person: Person, reason: str
) -> Sequence[object] | NotReleased | Proposed:
    message_id = str(copies[0]["id"])
    only = _numbers(copies)
    return await deciding.let_go(office.world, office.holds, message_id, actor=person.id, reason=reason, only=only)


async def _cancel(office: Office, copies: Sequence[Record], person: Person, reason: str) -> int:
    message_id = str(copies[0]["id"])
    return await asyncio.to_thread(office.held.cancel, message_id, _numbers(copies), person.id, reason)


async def _chosen(office: Office, wanted: ManyHolds) -> Sequence[Record]:
    if wanted.ids is not None and (wanted.integration or wanted.domain):
        wrong = {"pointer": "/ids", "detail": "is given beside a filter"}
        raise Problem(422, "WM-REQUEST", "Two choices", "Give ids, or integration and domain.", [wrong])
    if wanted.ids is None:
        everything = Wanted(wanted.integration, limit=_MOST + 1, domain=wanted.domain.lower())
        page = await asyncio.to_thread(office.held.matching, everything)
        return sorted(page.records, key=lambda each: (str(each["id"]), int(str(each["recipient_no"]))))
    return [each for one in dict.fromkeys(wanted.ids) for each in await asyncio.to_thread(office.held.of_message, one)]


async def _copies(office: Office, message_id: str) -> Sequence[Record]:
    found = await asyncio.to_thread(office.held.of_message, message_id)
    if not found:
        raise Problem(404, "WM-NOT-FOUND", "No such message is held", "It was decided already, or it never was.")
    return found


def _require_may(person: Person, action: str, copies: Sequence[Record]) -> None:
    is_urgent = all(each["time_critical"] for each in copies)
    if may_decide(person, action == "release" and is_urgent):
        return
    detail = f"{person.id} may release what is time-critical, and nothing else."
    raise Problem(403, "WM-NOT-PERMITTED", "Your role does not allow this", detail)


def _require_done(outcome: object) -> None:
    match outcome:
        case NotAsked():
            detail = "Nobody has been asked about it yet; the running gateway does that within seconds."
            raise Problem(409, "WM-HOLD-NO-TASK", "Not yet", detail, headers={"Retry-After": "5"})
        case MayNotDecide(person):
            wrong = {"pointer": "/person", "detail": "may not decide about this message"}
            raise Problem(422, "WM-HOLD-DECIDER", f"{person} may not decide", "Name somebody who may.", [wrong])


def _released(message_id: str, done: Sequence[object] | Proposed, person: Person) -> dict[str, object]:
    if isinstance(done, Proposed):
        return {"id": message_id, "status": "proposed", "proposed_by": person.id, "copies": 0}
    return {"id": message_id, "status": "released", "copies": len(done)}


def _numbers(copies: Sequence[Record]) -> tuple[int, ...]:
    return tuple(int(str(each["recipient_no"])) for each in copies)
