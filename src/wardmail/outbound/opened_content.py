"""What people and programs read of a stored message: each opening is in the audit with its reason before anything is shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain

from wardmail.content.attachments import AttachedFile, AttachedFiles, attached_file, attached_files
from wardmail.content.text import Unreadable, readable_text
from wardmail.model.inspection import Inspection
from wardmail.model.message import Body
from wardmail.model.refusal import Unavailable
from wardmail.model.steering import CONTROLS, LINE_ENDS, TURNING
from wardmail.model.stored import Event
from wardmail.outbound.world import World
from wardmail.protocol.headers import BadHeaders, HeaderBlock

Inspect = Callable[[bytes], Awaitable[Inspection]]

_MOST_SHOWN = 256 * 1024
"""Octets of a source or a header that are shown; a browser is slow with more, and people read none of it."""

_AT_ONCE = asyncio.Semaphore(2)
"""Messages that are whole in memory."""

_ON_THEIR_WAY = asyncio.Semaphore(4)
"""Files that are read or sent: each is in memory until whoever asked for it has it."""

_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class WholeMessage:
    """`chunks` block; they are read as they are sent, so a message of any size takes little memory."""

    size: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class FileInHand:
    file: AttachedFile
    octets: bytes


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

    async def whole(self, message_id: str) -> WholeMessage:
        head, body = await self._world.queue.read_content(message_id, 0)
        chunks = body.chunks()
        # What cannot be read at all is told before anything is sent.
        first = await asyncio.to_thread(next, chunks, b"")
        return WholeMessage(len(head) + 2 + body.size, chain((head, b"\r\n", first), chunks))

    async def files(self, message_id: str) -> AttachedFiles:
        async with _AT_ONCE:
            message = await self._whole(message_id)
            return await asyncio.to_thread(attached_files, message, await self._inspect(message))

    @asynccontextmanager
    async def file(self, message_id: str, n: int, *, looked_into: bool) -> AsyncIterator[FileInHand | None]:
        """One attached file, for as long as it is in memory; None when there is none with this number.

        `looked_into`: with what was found in it. Whoever gives it out says so by `note_taken` first.
        """
        async with _room():
            async with _AT_ONCE:
                message = await self._whole(message_id)
                seen = await self._inspect(message) if looked_into else None
                found = await asyncio.to_thread(attached_file, message, n, seen)
                del message
            yield FileInHand(*found) if found is not None else None

    async def note_taken(self, message_id: str, taken: FileInHand, by: str, reason: str) -> None:
        detail: dict[str, object] = {"n": taken.file.n, "size": taken.file.size, "reason": reason}
        await self._note("AttachmentTaken", message_id, by, detail)

    async def _whole(self, message_id: str) -> bytes:
        head, body = await self._world.queue.read_content(message_id, 0)
        return await asyncio.to_thread(lambda: b"".join((head, b"\r\n", *body.chunks())))

    async def _note(self, kind: str, message_id: str, by: str, detail: dict[str, object]) -> None:
        await self._world.queue.note(Event(kind, self._world.clock.now(), by, message_id, "message", detail))


@asynccontextmanager
async def _room() -> AsyncIterator[None]:
    """Raises Unavailable when others take theirs for so long that it is better to come again."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await _ON_THEIR_WAY.acquire()
    except TimeoutError:
        raise Unavailable("the reading of attachments", "too many are on their way") from None
    try:
        yield
    finally:
        _ON_THEIR_WAY.release()


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
