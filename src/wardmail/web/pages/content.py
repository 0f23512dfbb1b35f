"""A message's subject and readable text, for who said why they read it: as text, in a frame that can do nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from html import escape

from starlette.responses import HTMLResponse, RedirectResponse, Response

from wardmail.content.text import Unreadable, readable_text
from wardmail.model.message import Body
from wardmail.model.stored import Event
from wardmail.protocol.headers import BadHeaders, HeaderBlock
from wardmail.web.pages.forms import message_id_of, query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import reason_of, reason_problems
from wardmail.web.pages.rendering import GUARDS, straight
from wardmail.web.pages.services import ConsoleServices

_OPEN_FOR = 600
_FRAME = GUARDS | {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
        "form-action 'none'; base-uri 'none'"
    )
}
_STYLE = "body{font:1.1rem/1.5 Arial,sans-serif;margin:1rem;white-space:pre-wrap;overflow-wrap:anywhere}"


@dataclass(frozen=True, slots=True)
class ReadContent:
    """`gap` says what was not read, or why there is nothing to read."""

    subject: str
    text: str
    gap: str


class ContentPages:
    def __init__(self, services: ConsoleServices) -> None:
        self._services = services

    async def open(self, visit: Visit) -> Response:
        """Write down who reads what and why; only then is it shown, for ten minutes, in this session."""
        message_id = message_id_of(visit.request)
        reason = reason_of(visit)
        if reason_problems(reason):
            return RedirectResponse(f"/messages/{message_id}?say=reason#reason", 303)
        world = self._services.world
        if not message_id or await world.queue.load(message_id) is None:
            return self._services.pages.problem(
                404, "There is no such message", "Look for it at Messages.", visitor=visit.visitor
            )
        now, actor = world.clock.now(), visit.visitor.person.id
        await world.queue.note(Event("ContentOpened", now, actor, message_id, "message", {"reason": reason}))
        until = str(int(now) + _OPEN_FOR)
        proof = visit.visitor.proof_of(f"read {message_id} {until}")
        return RedirectResponse(f"/messages/{message_id}?until={until}&proof={proof}#content", 303)

    async def frame(self, visit: Visit) -> Response:
        message_id = message_id_of(visit.request)
        if not self.is_open(visit, message_id):
            return HTMLResponse("<!DOCTYPE html><title>Closed</title><p>Say again why you read it.", 403, _FRAME)
        content = await self.read(message_id)
        text = escape(straight(content.text or content.gap))
        page = (
            f'<!DOCTYPE html><html lang="en-GB"><meta charset="utf-8"><title>Content of a message</title>'
            f"<style>{_STYLE}</style><body>{text}</body></html>"
        )
        return HTMLResponse(page, 200, _FRAME)

    def is_open(self, visit: Visit, message_id: str) -> bool:
        until, proof = query_of(visit.request, "until", 12), query_of(visit.request, "proof", 64)
        is_now = until.isascii() and until.isdigit() and int(until) > self._services.world.clock.now()
        return is_now and visit.visitor.proves(f"read {message_id} {until}", proof)

    async def read(self, message_id: str) -> ReadContent:
        """Raises Unavailable when the content is gone or cannot be opened."""
        head, body = await self._services.world.queue.read_content(message_id, 0)
        return await asyncio.to_thread(_read, head, body)


def _read(head: bytes, body: Body) -> ReadContent:
    block = HeaderBlock.split(head)
    if isinstance(block, BadHeaders):
        return ReadContent("", "", f"Its header cannot be read: {block.reason}")
    kind, encoding = block.get(b"content-type") or b"", block.get(b"content-transfer-encoding") or b""
    found = readable_text(kind, encoding, body.chunks())
    if isinstance(found, Unreadable):
        return ReadContent(block.subject(), "", f"There is no text to be read: {found.why}")
    return ReadContent(block.subject(), "\n\n".join(found.texts), found.unscanned)
