"""Has messages looked into by processes of their own, which may crash, hang or run out of memory without harm to others."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from wardmail.edges.worker import ANSWER, REQUEST
from wardmail.model.refusal import Unavailable

T = TypeVar("T")

_LARGEST_ANSWER = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WorkerTerms:
    """`seconds` for one message by the clock; `memory` in octets of address space; `uses` before a worker is replaced."""

    module: str
    workers: int = 2
    seconds: float = 15.0
    memory: int = 640 * 1024 * 1024
    uses: int = 500


@dataclass(frozen=True, slots=True)
class Answers(Generic[T]):
    """What a worker's octets say; `read` raises ValueError, KeyError or TypeError for what is no answer.

    The others stand for the answer of a worker that took too long, or broke.
    """

    read: Callable[[bytes], T]
    too_slow: T
    broken_down: T


@dataclass(slots=True)
class _Worker:
    process: Process
    uses: int = 0


class WorkerPool(Generic[T]):
    """Workers start when they are first needed. One message at a time for each; the others wait for a free one."""

    def __init__(self, what: str, terms: WorkerTerms, answers: Answers[T]) -> None:
        """`what` they do, as in "the inspection does not answer"."""
        self._what = what
        self._terms = terms
        self._answers = answers
        self._free = asyncio.Semaphore(self._terms.workers)
        self._idle: list[_Worker] = []
        self._all: set[Process] = set()
        self._closed = False

    async def ask(self, context: bytes, message: bytes) -> T:
        """Raises Unavailable when no worker can be started."""
        async with self._free:
            # A worker may have died while it was idle, which is no fault of this message: hence a second try.
            for _ in range(2):
                worker = await self._worker()
                answer = await self._asked(worker, context, message)
                if answer is not None:
                    return answer
            return self._answers.broken_down

    async def close(self) -> None:
        self._closed = True
        for process in list(self._all):
            await self._end(process)
        self._idle.clear()

    async def _worker(self) -> _Worker:
        if self._closed:
            raise Unavailable(self._what, "it was closed")
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
            raise Unavailable(self._what, type(error).__name__) from error
        self._all.add(process)
        return _Worker(process)

    async def _asked(self, worker: _Worker, context: bytes, message: bytes) -> T | None:
        """None when the worker was gone before it took the message."""
        answer: T | None = None
        finished = False
        try:
            async with asyncio.timeout(self._terms.seconds):
                answer = self._answers.read(await _exchange(worker.process, context, message))
            worker.uses += 1
            finished = worker.uses < self._terms.uses
        except TimeoutError:
            answer = self._answers.too_slow
        except (BrokenPipeError, ConnectionResetError):
            answer = None if worker.uses else self._answers.broken_down
        except (asyncio.IncompleteReadError, ValueError, KeyError, TypeError):
            answer = self._answers.broken_down
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


async def _exchange(process: Process, context: bytes, message: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(REQUEST.pack(len(context), len(message)) + context)
    process.stdin.write(message)
    await process.stdin.drain()
    size = ANSWER.unpack(await process.stdout.readexactly(ANSWER.size))[0]
    if size > _LARGEST_ANSWER:
        raise ValueError("an answer of that size is none")
    return await process.stdout.readexactly(size)
