"""Inspects messages in processes of their own, which may crash, hang or run out of memory without harm to anything else."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass

from wardmail.content.inspection import Context
from wardmail.edges.inspection_wire import pack_context, unpack_inspection
from wardmail.edges.inspection_worker import ANSWER, BROKEN_DOWN, REQUEST, TOO_SLOW
from wardmail.model.inspection import Inspection
from wardmail.model.refusal import Unavailable

_LARGEST_ANSWER = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WorkerTerms:
    """`seconds` for one message by the clock; `memory` in octets of address space; `uses` before a worker is replaced."""

    workers: int = 2
    seconds: float = 15.0
    memory: int = 640 * 1024 * 1024
    uses: int = 500
    module: str = "wardmail.edges.inspection_worker"


@dataclass(slots=True)
class _Worker:
    process: Process
    uses: int = 0


class InspectionPool:
    """Workers start when they are first needed. One message at a time for each; the others wait for a free one."""

    def __init__(self, terms: WorkerTerms | None = None) -> None:
        self._terms = terms or WorkerTerms()
        self._free = asyncio.Semaphore(self._terms.workers)
        self._idle: list[_Worker] = []
        self._all: set[Process] = set()
        self._closed = False

    async def inspect(self, message: bytes, context: Context) -> Inspection:
        """Raises Unavailable when no worker can be started. A message that breaks its worker is inspected as unreadable."""
        async with self._free:
            # A worker may have died while it was idle, which is no fault of this message: hence a second try.
            for _ in range(2):
                worker = await self._worker()
                answer = await self._asked(worker, message, context)
                if answer is not None:
                    return answer
            return BROKEN_DOWN

    async def close(self) -> None:
        self._closed = True
        for process in list(self._all):
            await self._end(process)
        self._idle.clear()

    async def _worker(self) -> _Worker:
        if self._closed:
            raise Unavailable("the inspection", "it was closed")
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None:
                return worker
            self._all.discard(worker.process)
        terms = self._terms
        # CPU time is for all its uses; the clock is for one.
        limits = (str(terms.memory), str(max(60, int(terms.seconds * terms.uses))))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", terms.module, *limits, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        except OSError as error:
            raise Unavailable("the inspection", type(error).__name__) from error
        self._all.add(process)
        return _Worker(process)

    async def _asked(self, worker: _Worker, message: bytes, context: Context) -> Inspection | None:
        """None when the worker was gone before it took the message."""
        answer: Inspection | None = TOO_SLOW
        finished = False
        try:
            async with asyncio.timeout(self._terms.seconds):
                answer = await _exchange(worker.process, message, context)
            worker.uses += 1
            finished = worker.uses < self._terms.uses
        except TimeoutError:
            answer = TOO_SLOW
        except (BrokenPipeError, ConnectionResetError):
            answer = None if worker.uses else BROKEN_DOWN
        except (asyncio.IncompleteReadError, ValueError, KeyError, TypeError):
            answer = BROKEN_DOWN
        finally:
            # A cancelled caller leaves a worker in the middle of a message: that one is of no use to anybody.
            if finished and not self._closed:
                self._idle.append(worker)
            else:
                await self._end(worker.process)
        return answer

    async def _end(self, process: Process) -> None:
        self._all.discard(process)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())


async def _exchange(process: Process, message: bytes, context: Context) -> Inspection:
    assert process.stdin is not None
    assert process.stdout is not None
    packed = pack_context(context)
    process.stdin.write(REQUEST.pack(len(packed), len(message)) + packed)
    process.stdin.write(message)
    await process.stdin.drain()
    size = ANSWER.unpack(await process.stdout.readexactly(ANSWER.size))[0]
    if size > _LARGEST_ANSWER:
        raise ValueError("an answer of that size is none")
    return unpack_inspection(await process.stdout.readexactly(size))
