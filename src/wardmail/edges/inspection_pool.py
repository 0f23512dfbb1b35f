"""Inspects messages in processes of their own, which may crash, hang or run out of memory without harm to anything else."""

from __future__ import annotations

from wardmail.content.inspection import Context
from wardmail.edges.inspection_wire import pack_context, unpack_inspection
from wardmail.edges.inspection_worker import BROKEN_DOWN, TOO_SLOW
from wardmail.edges.worker_pool import Answers, WorkerPool, WorkerTerms
from wardmail.model.inspection import Inspection

_TERMS = WorkerTerms("wardmail.edges.inspection_worker")


class InspectionPool:
    def __init__(self, terms: WorkerTerms = _TERMS) -> None:
        self._workers = WorkerPool("the inspection", terms, Answers(unpack_inspection, TOO_SLOW, BROKEN_DOWN))

    async def inspect(self, message: bytes, context: Context) -> Inspection:
        """Raises Unavailable when no worker can be started. A message that breaks its worker is inspected as unreadable."""
        return await self._workers.ask(pack_context(context), message)

    async def close(self) -> None:
        await self._workers.close()
