"""`/v1/messages/{id}/content`, `/attachments` and `/evidence`: people say why, and each reading is in the audit."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from wardmail.content.attachments import AttachedFile
from wardmail.model.reason import LONGEST_REASON, SHORTEST_REASON, fault_of, plain_line
from wardmail.model.refusal import ContentGone
from wardmail.web.api.asker import Asker, Reading, TakingEvidence
from wardmail.web.api.messages import copies_of, missing
from wardmail.web.api.problem import Problem
from wardmail.web.api.services import office_of, services_of
from wardmail.web.sending import SentInPieces

router = APIRouter(prefix="/v1/messages", tags=["messages"])

_PATTERN = f"^[ -~]{{{SHORTEST_REASON},{LONGEST_REASON}}}$"
Reason = Annotated[
    str,
    Header(
        alias="Wardmail-Reason",
        pattern=f"{_PATTERN}|^$",
        description="Why. People must say it; kept in the audit: no patient's name.",
    ),
]
_BY_PROGRAM = "asked for by the integration's own program"
_OCTETS: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


@router.get("/{message_id}/content", response_class=Response, responses={200: {"content": {"message/rfc822": {}}}})
async def content(request: Request, asker: Reading, message_id: str, reason: Reason = "") -> Response:
    """The message as it is stored: signed, with our trace on top, and whole, with whatever is dangerous in it."""
    await _opened(request, asker, message_id, reason)
    try:
        whole = await services_of(request).content.whole(message_id)
    except ContentGone:
        raise _gone() from None
    headers = {"Content-Disposition": f'attachment; filename="{message_id}.eml"', "Content-Length": str(whole.size)}
    return StreamingResponse(whole.chunks, media_type="message/rfc822", headers=headers)


@router.get("/{message_id}/attachments")
async def attachments(request: Request, asker: Reading, message_id: str, reason: Reason = "") -> dict[str, object]:
    """The files in it: name, type as it was declared and by content, size, SHA-256, and what was found in each."""
    await _opened(request, asker, message_id, reason)
    try:
        found = await services_of(request).content.files(message_id)
    except ContentGone:
        raise _gone() from None
    return {"items": [asdict(each) for each in found.files], "gap": found.gap}


@router.get("/{message_id}/attachments/{n}", response_class=Response, responses=_OCTETS)
async def attachment(
    request: Request,
    asker: Reading,
    message_id: str,
    n: Annotated[int, Path(ge=1, le=1_000)],
    reason: Reason = "",
) -> Response:
    """One file, as octets of no kind: what it is called and what it is, the list says."""
    said, desk = await _opened(request, asker, message_id, reason), services_of(request).content
    async with AsyncExitStack() as stack:
        try:
            taken = await stack.enter_async_context(desk.file(message_id, n, looked_into=asker.is_person))
        except ContentGone:
            raise _gone() from None
        if taken is None:
            raise Problem(404, "WM-NOT-FOUND", "There is no such file", "See /attachments for those that there are.")
        if asker.is_person:
            _require_harmless(taken.file)
        await desk.note_taken(message_id, taken, asker.name, said)
        headers = {"Content-Disposition": f'attachment; filename="{message_id}-{n}.bin"'}
        return SentInPieces(taken.octets, headers, stack.pop_all())


@router.get("/{message_id}/evidence", responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}})
async def evidence(
    request: Request,
    asker: TakingEvidence,
    message_id: str,
    reason: Reason = "",
    form: Annotated[Literal["json", "html"], Query(alias="format")] = "json",
) -> Response:
    """Decisions and their rules, TLS as it was achieved, receipts, and events with their links in the audit.

    Nothing of what the message says. That it was taken is in the audit.
    """
    await copies_of(request, asker, message_id)
    take = partial(office_of(request).audit.of_message, as_html=form == "html")
    found = await asyncio.to_thread(take, asker.name, message_id, _said(asker, reason))
    if found is None:
        raise missing(message_id)
    name = f'attachment; filename="message-{message_id}.{form}"'
    if isinstance(found, str):
        return Response(found, media_type="text/html", headers={"Content-Disposition": name})
    return JSONResponse(dict(found))


async def _opened(request: Request, asker: Asker, message_id: str, reason: str) -> str:
    """Why, once it is in the audit. Raises Problem (404), and as `_said` does."""
    await copies_of(request, asker, message_id)
    said = _said(asker, reason)
    await services_of(request).content.open(message_id, asker.name, said)
    return said


def _require_harmless(file: AttachedFile) -> None:
    """Raises Problem (403) for what may do harm, and for what nobody can tell that of."""
    if file.is_dangerous:
        detail = "Something dangerous was found in it: see /attachments. The application that sent it has it."
        raise Problem(403, "WM-ATTACHMENT-DANGEROUS", "It is not given out", detail)
    if not file.looked_into:
        detail = "It could not be looked into: see /attachments. The application that sent it has it."
        raise Problem(403, "WM-ATTACHMENT-UNSEEN", "It is not given out", detail)


def _said(asker: Asker, reason: str) -> str:
    """Raises Problem (422) for a person who does not say why."""
    said = plain_line(reason) or ("" if asker.is_person else _BY_PROGRAM)
    fault = fault_of(said)
    if not fault:
        return said
    wrong = {"pointer": "/header/Wardmail-Reason", "detail": fault}
    detail = "Say in Wardmail-Reason why you need it; no patient's name."
    raise Problem(422, "WM-REASON", "This is given for a stated reason", detail, [wrong])


def _gone() -> Problem:
    return Problem(409, "WM-CONTENT-GONE", "Its content is not kept any more", "Its term has ended.")
