"""What people and programs read of a stored message: each opening is in the audit with its reason before anything is shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wardmail.content.attachments import AttachedFiles, attached_files, attached_octets
from wardmail.content.text import Unreadable, readable_text
from wardmail.model.inspection import Inspection
from wardmail.model.message import Body
from wardmail.model.steering import CONTROLS, LINE_ENDS, TURNING
from wardmail.model.stored import Event
from wardmail.outbound.world import World
from wardmail.protocol.headers import BadHeaders, HeaderBlock

Inspect = Callable[[bytes], Awaitable[Inspection]]

_MOST_SHOWN = 256 * 1024
"""Octets of a source or a header that are shown; a browser is slow with more, and people read none of it."""

_AT_ONCE = asyncio.Semaphore(2)
"""Messages that are whole in memory."""


@dataclass(frozen=True, slots=True)
class ReadContent:
    """`gap` says what was not read, or why there is nothing to read."""

    subject: str
    text: str
    gap: str = ""


class ContentDesk:
    """Every method that reads raises Unavailable, and ContentGone when the content's term has ended.

    It is the caller who sees to it that only who opened a message reads it.
    """

    def __init__(self, world: World, inspect: Inspect) -> None:
        self._world = world
        self._inspect = inspect

    async def open(self, message_id: str, by: str, reason: str) -> bool:
        """Write down who reads what and why. False, and nothing written, when there is no such message."""
        if not message_id or await self._world.queue.load(message_id) is None:
            return False
        await self._note("ContentOpened", message_id, by, {"reason": reason})
        return True

    async def text(self, message_id: str) -> ReadContent:
        head, body = await self._world.queue.read_content(message_id, 0)
        return await asyncio.to_thread(_read, head, body)

    async def headers(self, message_id: str) -> ReadContent:
        head, _ = await self._world.queue.read_content(message_id, 0)
        return _as_text(head, head)

    async def source(self, message_id: str) -> ReadContent:
        """The beginning of the message as it is stored, as text."""
        head, body = await self._world.queue.read_content(message_id, 0)
        return _as_text(head, await asyncio.to_thread(_beginning, head, body))

    async def whole(self, message_id: str) -> bytes:
        async with _AT_ONCE:
            return await self._whole(message_id)

    async def files(self, message_id: str) -> AttachedFiles:
        async with _AT_ONCE:
            message = await self._whole(message_id)
            return await asyncio.to_thread(attached_files, message, await self._inspect(message))

    async def file(self, message_id: str, n: int, by: str, reason: str) -> bytes | None:
        """One attached file, which is in the audit by itself. None when there is no file with this number."""
        async with _AT_ONCE:
            octets = await asyncio.to_thread(attached_octets, await self._whole(message_id), n)
        if octets is not None:
            await self._note("AttachmentTaken", message_id, by, {"n": n, "size": len(octets), "reason": reason})
        return octets

    async def _whole(self, message_id: str) -> bytes:
        head, body = await self._world.queue.read_content(message_id, 0)
        return await asyncio.to_thread(lambda: b"".join((head, b"\r\n", *body.chunks())))

    async def _note(self, kind: str, message_id: str, by: str, detail: dict[str, object]) -> None:
        await self._world.queue.note(Event(kind, self._world.clock.now(), by, message_id, "message", detail))


def _read(head: bytes, body: Body) -> ReadContent:
    block = HeaderBlock.split_stored(head)
    if isinstance(block, BadHeaders):
        return ReadContent("", "", f"Its header cannot be read: {block.reason}")
    kind, encoding = block.get(b"content-type") or b"", block.get(b"content-transfer-encoding") or b""
    found = readable_text(kind, encoding, body.chunks())
    if isinstance(found, Unreadable):
        return _harmless(block.subject(), "", f"There is no text to be read: {found.why}")
    return _harmless(block.subject(), "\n\n".join(found.texts).replace("\r\n", "\n"), found.unscanned)


def _beginning(head: bytes, body: Body) -> bytes:
    parts, size = [head, b"\r\n"], len(head)
    for chunk in body.chunks():
        parts.append(chunk)
        size += len(chunk)
        if size > _MOST_SHOWN:
            break
    return b"".join(parts)


def _as_text(head: bytes, octets: bytes) -> ReadContent:
    block = HeaderBlock.split_stored(head)
    subject = "" if isinstance(block, BadHeaders) else block.subject()
    text = octets[:_MOST_SHOWN].decode("utf-8", "replace").replace("\r\n", "\n")
    is_cut = len(octets) > _MOST_SHOWN
    return _harmless(subject, text, f"Only the first {_MOST_SHOWN // 1024} KiB are shown." if is_cut else "")


def _harmless(subject: str, text: str, gap: str = "") -> ReadContent:
    return ReadContent(
        _STEERING.sub("\N{REPLACEMENT CHARACTER}", subject), _STEERING.sub("\N{REPLACEMENT CHARACTER}", text), gap
    )


_STEERING = re.compile(rf"(?![\t\n])[{CONTROLS}{LINE_ENDS}{TURNING}]")
"""What is no text, but steers a terminal, ends a line or turns it round; tabs and ends of lines are text."""
