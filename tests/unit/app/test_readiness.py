"""A part that is silent, breaks or is slow is told in time, in words that tell a stranger nothing."""

from __future__ import annotations

import asyncio
import threading

from wardmail.app.readiness import BROKE, SILENT, Readiness, apart
from wardmail.model.readiness import Part, is_ready
from wardmail.model.refusal import Unavailable

GOOD = Part("good", True, "answers")


async def test_words_of_an_exception_stay_inside() -> None:
    async def breaks() -> Part:
        raise Unavailable("the database", "could not connect to db7.internal at /var/run/pg")

    (part,) = await Readiness({"database": breaks}).parts()
    assert part == Part("database", False, BROKE)
    assert not is_ready([GOOD, part])


async def test_a_silent_part_is_told_in_time_and_is_not_asked_again_meanwhile() -> None:
    asked, answer = 0, threading.Event()

    def silent() -> Part:
        nonlocal asked
        asked += 1
        answer.wait(20)
        return GOOD

    readiness = Readiness({"good": apart(silent)}, budget=0.05, kept=0.0)
    for _ in range(20):
        assert await readiness.parts() == [Part("good", False, SILENT)]
    assert asked == 1
    answer.set()
    while not is_ready(await readiness.parts()):
        await asyncio.sleep(0.01)


async def test_many_who_ask_at_once_cost_one_question() -> None:
    asked = 0

    async def count() -> Part:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return GOOD

    readiness = Readiness({"good": count}, kept=60)
    await asyncio.gather(*(readiness.parts() for _ in range(50)))
    assert asked == 1


async def test_one_part_does_not_keep_another_waiting() -> None:
    async def never() -> Part:
        await asyncio.Event().wait()
        return GOOD

    async def good() -> Part:
        return GOOD

    never_part, good_part = await Readiness({"never": never, "good": good}, budget=0.05).parts()
    assert never_part.says == SILENT
    assert good_part.ok
