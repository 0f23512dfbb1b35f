"""Collects a message as it arrives: the head apart, a small body in memory, a large one on its way to the spool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from wardmail.model.message import Body, MemoryBody
from wardmail.model.refusal import Refusal, Unavailable
from wardmail.ports import BodySink, Spool

_SMALL = 4096
_GATHERED = 32_768
_HIGH_WATER = 512 * 1024
_HEAD_TOO_LONG = Refusal(552, "5.3.4", "The header of the message is too long", "WM-MESSAGE-HEAD-TOO-LONG")


class SpoolWriter:
    """Writes to a sink from a thread, in order, never two writes at a time.

    `on_pressure` is told True when too much waits to be written, and False when it has gone down.
    """

    def __init__(self, spool: Spool, message_id: str, executor: Executor, on_pressure: Callable[[bool], None]) -> None:
        self._spool = spool
        self._message_id = message_id
        self._executor = executor
        self._on_pressure = on_pressure
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._sink: BodySink | None = None
        self._writing: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    def add(self, chunk: bytes) -> None:
        if self._failure is not None:
            return
        self._waiting.append(chunk)
        self._waiting_size += len(chunk)
        if self._waiting_size > _HIGH_WATER:
            self._on_pressure(True)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())

    async def finish(self) -> Body:
        """Raises what the sink raised: Unavailable, when all is as expected."""
        await self._settle()
        if self._failure is not None:
            await self._drop()
            raise self._failure
        if self._sink is None:
            raise Unavailable("spool", "nothing was written")
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._sink.finish)

    async def discard(self) -> None:
        self._failure = self._failure or Unavailable("spool", "discarded")
        await self._settle()
        await self._drop()

    async def _settle(self) -> None:
        while self._writing is not None:
            await self._writing

    async def _drop(self) -> None:
        if self._sink is not None:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._sink.discard)

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting and self._failure is None:
                batch, self._waiting, self._waiting_size = self._waiting, [], 0
                await loop.run_in_executor(self._executor, self._write, batch)
                if self._waiting_size <= _HIGH_WATER:
                    self._on_pressure(False)
        except Exception as failure:  # whatever it is: `finish` hands it to the one who asked
            self._failure = failure
        finally:
            self._waiting, self._waiting_size = [], 0
            self._writing = None
            self._on_pressure(False)

    def _write(self, batch: list[bytes]) -> None:
        if self._sink is None:
            self._sink = self._spool.open_sink(self._message_id)
        for chunk in batch:
            self._sink.write(chunk)


class MessageCollector:
    """One message. `open_spool` is called when the body outgrows `memory_limit`; sizes in octets."""

    def __init__(self, open_spool: Callable[[], SpoolWriter], memory_limit: int, head_limit: int) -> None:
        self._open_spool = open_spool
        self._memory_limit = memory_limit
        self._head_limit = head_limit
        self._head: bytes | None = None
        self._head_so_far = bytearray(b"\r\n")  # so that a message that begins with its blank line is no exception
        self._parts: list[bytes] = []
        self._small = bytearray()
        self._size = 0
        self._spool: SpoolWriter | None = None
        self.refusal: Refusal | None = None

    @property
    def is_spooled(self) -> bool:
        return self._spool is not None

    def add(self, chunk: bytes) -> None:
        if self.refusal is not None:
            return
        if self._head is None:
            chunk = self._split(chunk)
        if len(chunk) < _SMALL:
            self._small += chunk
            if len(self._small) < _GATHERED:
                return
            chunk = b""
        self._keep(chunk)

    async def finish(self) -> tuple[bytes, Body]:
        """Head (each line ended by CRLF, no blank line) and body. Raises what the spool raises."""
        head = bytes(self._head_so_far[2:]) if self._head is None else self._head
        self._keep(b"")
        if self._spool is not None:
            return head, await self._spool.finish()
        return head, MemoryBody(tuple(self._parts))

    async def discard(self) -> None:
        self._parts.clear()
        if self._spool is not None:
            await self._spool.discard()

    def _keep(self, chunk: bytes) -> None:
        """Octets that came in drops are joined, so that a thousand tiny buffers cannot pose as a small body."""
        for part in (bytes(self._small), chunk):
            if not part:
                continue
            self._size += len(part)
            if self._spool is not None:
                self._spool.add(part)
            else:
                self._parts.append(part)
        self._small.clear()
        if self._spool is None and self._size > self._memory_limit:
            self._spool = self._open_spool()
            for part in self._parts:
                self._spool.add(part)
            self._parts.clear()

    def _split(self, chunk: bytes) -> bytes:
        """Look for the blank line; what follows it in this chunk is body."""
        so_far = self._head_so_far
        searched = max(len(so_far) - 3, 0)
        so_far += chunk
        blank = so_far.find(b"\r\n\r\n", searched)
        if (blank if blank >= 0 else len(so_far)) > self._head_limit:
            self.refusal = _HEAD_TOO_LONG
            so_far.clear()
        if blank < 0 or self.refusal is not None:
            return b""
        self._head = bytes(so_far[2 : blank + 2])
        body = bytes(so_far[blank + 4 :])
        so_far.clear()
        return body
