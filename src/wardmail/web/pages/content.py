"""A message's content, for who said why they read it: as text, in a frame that can do nothing; its files, to be saved."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import escape

from starlette.responses import HTMLResponse, RedirectResponse, Response

from wardmail.assurance.mobile_access import is_mobile, may_be_downloaded, may_be_shown
from wardmail.content.attachments import AttachedFile, AttachedFiles
from wardmail.model.refusal import Unavailable
from wardmail.outbound.opened_content import ReadContent
from wardmail.web.pages.downloads import saved
from wardmail.web.pages.forms import message_id_of, query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import reason_of, reason_problems, told
from wardmail.web.pages.rendering import GUARDS
from wardmail.web.pages.services import ConsoleServices

PARTS = {"text": "Text", "headers": "Headers", "source": "Source", "files": "Attachments"}
_OPEN_FOR = 600
_FRAME = GUARDS | {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
        "form-action 'none'; base-uri 'none'"
    )
}
_STYLE = "body{font:1.1rem/1.5 Arial,sans-serif;margin:1rem;white-space:pre-wrap;overflow-wrap:anywhere}"
_CODE = "body{font-family:monospace;font-size:1rem}"
_NOT_SHOWN = (
    "It cannot be shown: its term has ended, or a part of the gateway does not answer. Try again in a few minutes."
)
TOO_OLD = "It came more than 30 days ago, and is not shown on a mobile device. Open it on a computer."


@dataclass(frozen=True, slots=True)
class Opened:
    """What is shown of a message that was opened: text in a frame, or a list of files. `query` keeps it open."""

    part: str
    content: ReadContent
    files: AttachedFiles | None
    query: str


class ContentPages:
    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._content = services.content

    async def open(self, visit: Visit) -> Response:
        """Write down who reads what and why; only then is it shown, for ten minutes, in this session."""
        message_id = message_id_of(visit.request)
        reason = reason_of(visit)
        if reason_problems(reason):
            return RedirectResponse(f"/messages/{message_id}?say=reason#reason", 303)
        if await self.is_barred(visit, message_id):
            return self._told(visit, 403, "It is not shown on this device", TOO_OLD)
        world, actor = self._services.world, visit.visitor.person.id
        if not await self._content.open(message_id, actor, reason):
            return self._services.pages.problem(
                404, "There is no such message", "Look for it at Messages.", visitor=visit.visitor
            )
        until = str(int(world.clock.now()) + _OPEN_FOR)
        proof = visit.visitor.proof_of(f"read {message_id} {until}")
        return RedirectResponse(f"/messages/{message_id}?until={until}&proof={proof}#content", 303)

    async def frame(self, visit: Visit) -> Response:
        message_id = message_id_of(visit.request)
        if not self._is_open(visit, message_id) or await self.is_barred(visit, message_id):
            return HTMLResponse("<!DOCTYPE html><title>Closed</title><p>Say again why you read it.", 403, _FRAME)
        part = _part_of(visit)
        content = await self._read(message_id, part)
        text = escape(content.text or content.gap)
        page = (
            f'<!DOCTYPE html><html lang="en-GB"><meta charset="utf-8"><title>Content of a message</title>'
            f"<style>{_STYLE}{'' if part == 'text' else _CODE}</style><body>{text}</body></html>"
        )
        return HTMLResponse(page, 200, _FRAME)

    async def save(self, visit: Visit) -> Response:
        """One attached file, to be saved; that it was taken is in the audit, with the reason for which it was opened."""
        message_id = message_id_of(visit.request)
        if not self._is_open(visit, message_id) or await self.is_barred(visit, message_id):
            return self._told(visit, 403, "It is closed", "Nothing was saved. Say again why you read it.")
        n = _number_of(str(visit.request.path_params["n"]))
        async with AsyncExitStack() as stack:
            taken = await stack.enter_async_context(self._content.file(message_id, n, looked_into=True))
            if taken is None:
                return self._told(visit, 404, "There is no such file", "Look at the list again.")
            why_not = barred_file(visit, taken.file)
            if why_not:
                return self._told(visit, 403, "It is not given out here", why_not)
            actor = visit.visitor.person.id
            reason = await asyncio.to_thread(self._reason, message_id, actor)
            await self._content.note_taken(message_id, taken, actor, reason)
            return saved(taken.octets, taken.file.name, f"{message_id}-{n}.bin", stack.pop_all())

    async def opened(self, visit: Visit, message_id: str) -> Opened | None:
        """None while nobody said why, and on a device that must not have it."""
        if not self._is_open(visit, message_id) or await self.is_barred(visit, message_id):
            return None
        part = _part_of(visit)
        query = f"until={query_of(visit.request, 'until', 12)}&proof={query_of(visit.request, 'proof', 64)}"
        try:
            files = await self._content.files(message_id) if part == "files" else None
            content = await self._read(message_id, part)
        except Unavailable:
            files, content = None, ReadContent("", "", _NOT_SHOWN)
        return Opened(part, content, files, query)

    async def is_barred(self, visit: Visit, message_id: str) -> bool:
        """Whether the message is too old for the device (SHARE-11)."""
        if not is_mobile(visit.request.headers) or not message_id:
            return False
        loaded = await self._services.world.queue.load(message_id)
        return loaded is not None and not may_be_shown(loaded[0].received_at, self._services.world.clock.now())

    def _is_open(self, visit: Visit, message_id: str) -> bool:
        until, proof = query_of(visit.request, "until", 12), query_of(visit.request, "proof", 64)
        is_now = until.isascii() and until.isdigit() and int(until) > self._services.world.clock.now()
        return is_now and visit.visitor.proves(f"read {message_id} {until}", proof)

    async def _read(self, message_id: str, part: str) -> ReadContent:
        match part:
            case "source":
                return await self._content.source(message_id)
            case "headers" | "files":
                return await self._content.headers(message_id)
            case _:
                return await self._content.text(message_id)

    def _reason(self, message_id: str, actor: str) -> str:
        """For which this person opened it the last time."""
        history = self._services.messages.history("", message_id)
        mine = [each["detail"] for each in history if each["type"] == "ContentOpened" and each["actor"] == actor]
        return str(mine[-1].get("reason", "")) if mine and isinstance(mine[-1], dict) else ""

    def _told(self, visit: Visit, status: int, title: str, *sentences: str) -> Response:
        back = f"/messages/{message_id_of(visit.request)}"
        return told(self._services.pages, visit, "/messages", status, title, *sentences, back=back)


def barred_file(visit: Visit, file: AttachedFile) -> str:
    """Why a file is not given out on a page; empty when it is."""
    if file.is_dangerous:
        return "It may do harm: see what was found in it."
    if not file.looked_into:
        return "It could not be looked into, so nobody can say that it does no harm."
    if is_mobile(visit.request.headers) and not may_be_downloaded(file.size):
        return "It is larger than 10 MB, and is not given to a mobile device. Save it on a computer."
    return ""


def _number_of(text: str) -> int:
    """0, which no file has, for what is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _part_of(visit: Visit) -> str:
    asked = query_of(visit.request, "part", 10)
    return asked if asked in PARTS else "text"
