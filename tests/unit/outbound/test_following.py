"""A service that reports to nobody but us is asked, and the sender hears of what failed there, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.offices import Office, open_office
from wardmail.model.returned import LaterFailure
from wardmail.model.route import Route, RouteKind
from wardmail.outbound.following import Follower
from wardmail.store.returns import StoreReturns
from wardmail.store.suppressions import StoreSuppressions

NOTIFY = Route("notify", RouteKind.GOVUK_NOTIFY, host="api.test")


@dataclass
class Source:
    found: list[LaterFailure] = field(default_factory=list)

    async def failures(self, route: Route) -> Sequence[LaterFailure]:
        return self.found


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        opened.stage.database.clock = opened.stage.clock
        yield opened


async def test_a_failure_there_ends_the_copy_suppresses_and_is_told_once(office: Office) -> None:
    message_id = await office.send("gone@nhs.net", "here@nhs.net")
    source = Source([LaterFailure(message_id, 0, "5.1.1", "no such address"), LaterFailure("X" * 18, 0, "5.1.1", "")])
    kept = StoreSuppressions(office.stage.database)
    follower = Follower(office.stage.world, source, StoreReturns(office.stage.database))
    assert await follower.follow(NOTIFY) == 1
    assert [office.line(message_id, n).state for n in (0, 1)] == ["bounced", "relayed"]
    assert [each.address for each in kept.all()] == ["gone@nhs.net"]
    assert b"5.1.1" in await office.report()
    kept.remove("gone@nhs.net", None, "me", "they are back")
    assert await follower.follow(NOTIFY) == 0
    assert kept.all() == []
    assert len(office.reports()) == 1


async def test_a_full_inbox_there_suppresses_nobody(office: Office) -> None:
    message_id = await office.send("full@nhs.net")
    source = Source([LaterFailure(message_id, 0, "5.4.7", "full for three days")])
    assert await Follower(office.stage.world, source, StoreReturns(office.stage.database)).follow(NOTIFY) == 1
    assert office.line(message_id).state == "bounced"
    assert StoreSuppressions(office.stage.database).all() == []
