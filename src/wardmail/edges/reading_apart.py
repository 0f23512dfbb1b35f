"""Has reports of others read in a process of its own, one for each message: they are few, and none keeps one waiting idle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wardmail.assurance.report_reading import Unread
from wardmail.edges.report_wire import unpack_reports
from wardmail.edges.worker_pool import Answers, WorkerPool, WorkerTerms
from wardmail.model.aggregate_report import Report

_TERMS = WorkerTerms("wardmail.edges.report_worker", workers=1, seconds=30.0, memory=384 * 1024 * 1024, uses=1)
_ANSWERS: Answers[Sequence[Report | Unread]] = Answers(
    unpack_reports,
    (Unread("It took too long to read."),),
    (Unread("It cannot be read within the memory that a report may take, or the reader broke over it."),),
)

_ONE_AT_A_TIME = asyncio.Semaphore(1)
"""Whoever sends many must not have many processes."""


class ReadingApart:
    """Implements `assurance.report_desk.ReportReader`."""

    def __init__(self, terms: WorkerTerms = _TERMS) -> None:
        self._terms = terms

    async def read(self, octets: bytes) -> Sequence[Report | Unread]:
        async with _ONE_AT_A_TIME:
            workers = WorkerPool("the reading of reports", self._terms, _ANSWERS)
            try:
                return await workers.ask(b"", octets)
            finally:
                await workers.close()
