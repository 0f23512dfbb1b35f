"""A look at the register: once a day and once for each change of it, again when it failed, and nothing ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from tests.registrations import REGISTERED
from tests.unit.outbound.watch_kit import later
from wardmail.model.refusal import Unavailable
from wardmail.outbound.register_watch import RegisterWatch


class Watch(RegisterWatch):
    def __init__(self, office: Office, *faults: Exception) -> None:
        super().__init__(office.stage.world, every=0.001)
        self.days: list[date] = []
        self._faults = list(faults)

    async def _look(self, today: date) -> int:
        self.days.append(today)
        if self._faults:
            raise self._faults.pop(0)
        return 1


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        made.stage.save(REGISTERED)
        later(made, 0)
        yield made


async def test_it_looks_once_a_day_and_when_the_register_has_changed(office: Office) -> None:
    watch = Watch(office)
    assert [await watch.look() for _ in range(3)] == [1, 0, 0]
    later(office, 1)
    assert [await watch.look() for _ in range(2)] == [1, 0]
    office.stage.save(replace(REGISTERED, name="Another name"))
    later(office, 1)
    assert [await watch.look() for _ in range(2)] == [1, 0]


async def test_a_look_that_failed_is_made_again_and_its_words_are_not_logged(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    watch = Watch(office, Unavailable("the database", "gone"), ValueError("pat@home.example"))
    running = asyncio.create_task(watch.run())
    async with asyncio.timeout(5):
        while len(watch.days) < 3:
            await asyncio.sleep(0.001)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert 'event=register_look_failed watch=Watch part="the database"' in caplog.text
    assert "event=register_look_broke watch=Watch error=ValueError" in caplog.text
    assert "pat@home.example" not in caplog.text
