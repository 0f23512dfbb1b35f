"""A worker may crash, hang, or run out of memory: the answer is then that nobody can say, and the next message is fine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.mail_of import PROGRAM, attached

from wardmail.content.inspection import Context, inspect
from wardmail.edges.inspection_pool import InspectionPool
from wardmail.edges.inspection_wire import pack_context, pack_inspection, unpack_context, unpack_inspection
from wardmail.edges.worker_pool import WorkerTerms
from wardmail.model.inspection import Severity
from wardmail.model.refusal import Unavailable

MESSAGE = attached(PROGRAM, "evil.exe")
CONTEXT = Context(protected_names=("nhs.net",), own_domains=("our.example",), known_sender=False)


@asynccontextmanager
async def pool(**terms: object) -> AsyncIterator[InspectionPool]:
    opened = InspectionPool(WorkerTerms(**{"workers": 1, "module": "tests.breaking_worker", **terms}))  # type: ignore[arg-type]
    try:
        yield opened
    finally:
        await opened.close()


def test_what_goes_over_the_wire_comes_back_the_same() -> None:
    inspection = inspect(MESSAGE, CONTEXT)
    assert unpack_inspection(pack_inspection(inspection)) == inspection
    assert unpack_context(pack_context(CONTEXT)) == CONTEXT


async def test_a_worker_finds_what_this_process_finds() -> None:
    async with pool(workers=2, module="wardmail.edges.inspection_worker") as opened:
        answers = await asyncio.gather(*[opened.inspect(MESSAGE, CONTEXT) for _ in range(6)])
    assert answers == [inspect(MESSAGE, CONTEXT)] * 6


@pytest.mark.parametrize(
    ("body", "finding", "terms"),
    [
        (b"crash", "inspection-failed", {}),
        (b"hang", "budget-time", {"seconds": 1.5}),
        (b"hog", "inspection-failed", {"memory": 256 * 1024 * 1024}),
        (b"raise", "inspection-failed", {}),
        (b"lie", "inspection-failed", {}),
        (b"boast", "inspection-failed", {}),
        (b"stop", "inspection-failed", {}),
    ],
)
async def test_a_message_that_breaks_its_worker(body: bytes, finding: str, terms: dict[str, object]) -> None:
    async with pool(**terms) as opened:
        assert (await opened.inspect(b"fine", Context())).findings[0].id == "from-missing"
        broken = await opened.inspect(body, Context())
        assert [(each.id, each.severity) for each in broken.findings] == [(finding, Severity.UNREADABLE)]
        assert (await opened.inspect(b"fine", Context())).findings[0].id == "from-missing"


async def test_workers_are_replaced_after_their_uses() -> None:
    async with pool(uses=2) as opened:
        numbers = [(await opened.inspect(b"who", Context())).urls[0] for _ in range(4)]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


async def test_a_caller_that_gives_up_leaves_no_stale_answer() -> None:
    async with pool() as opened:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(opened.inspect(b"hang", Context()), 1)
        assert (await opened.inspect(b"fine", Context())).findings[0].id == "from-missing"


async def test_a_closed_pool_is_unavailable() -> None:
    async with pool() as opened:
        await opened.close()
        with pytest.raises(Unavailable):
            await opened.inspect(b"fine", Context())
