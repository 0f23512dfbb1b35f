"""`/v1/audit-events` and `/v1/evidence-packs`: what was done, by whom, and whether the record of it is whole."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from wardmail.manage.evidence_packs import PackKind
from wardmail.model.evidence import Period
from wardmail.model.reading import Record
from wardmail.web.api.person_caller import EvidenceTaker
from wardmail.web.api.problem import Problem
from wardmail.web.api.schema import SMALL, MessageId, Reason, Sent
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1", tags=["audit and evidence"])

_DAY = 86_400.0
_LAST = 2**63 - 1
_A_DAY = Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))
_long_work = asyncio.Semaphore(1)
"""One person at a time, in each process: the whole audit is read."""


class WantedPack(Sent):
    kind: PackKind
    since: Annotated[date | None, _A_DAY, Field(description="First day. Absent: a year ago.")] = None
    until: Annotated[date | None, _A_DAY, Field(description="Last day. Absent: today.")] = None
    message_id: Annotated[MessageId | None, Field(description="For an incident: the message that it is about.")] = None
    reason: Reason


@router.get("/audit-events")
async def events(
    request: Request,
    person: EvidenceTaker,
    after: Annotated[int, Query(ge=0, le=_LAST, description="`next` of the page before; 0: from the beginning.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, object]:
    """Everything that happened, in order. `next` is always given: ask with it again, now or later."""
    found = await asyncio.to_thread(office_of(request).audit.since, after, limit)
    return {"items": [dict(each) for each in found], "next": found[-1]["seq"] if found else after}


@router.get("/audit-events/chain")
async def chain(request: Request, person: EvidenceTaker) -> Record:
    """Walks the whole chain, and compares it with the signed head of each day. Keep `head` elsewhere."""
    _require_room()
    async with _long_work:
        return await asyncio.to_thread(office_of(request).audit.chain)


@router.post(
    "/evidence-packs",
    max_body_size=SMALL,
    response_class=Response,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def take(request: Request, person: EvidenceTaker, wanted: WantedPack) -> Response:
    """A pack as a ZIP archive: HTML, JSON, and a signed list of both. No content of a message is in it."""
    now = office_of(request).world.clock.now()
    since = _start(wanted.since) if wanted.since else now - 365 * _DAY
    period = Period(since, _start(wanted.until) + _DAY if wanted.until else now + 1)
    if period.until <= period.since:
        wrong = {"pointer": "/until", "detail": "is before since"}
        raise Problem(422, "WM-EVIDENCE-PERIOD", "The period ends before it begins", "Mend it.", [wrong])
    _require_room()
    async with _long_work:
        desk, about = office_of(request).audit, wanted.message_id or ""
        name, archive = await asyncio.to_thread(desk.pack, person, wanted.kind.value, period, about, wanted.reason)
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return Response(archive, media_type="application/zip", headers=headers)


def _require_room() -> None:
    if _long_work.locked():
        detail = "Another person takes evidence at this moment: it reads the whole audit."
        raise Problem(503, "WM-EVIDENCE-BUSY", "Not now", detail, headers={"Retry-After": "30"})


def _start(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()
