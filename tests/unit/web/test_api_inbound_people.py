"""`/v1/inbound-messages` for people: every integration's, by permission, and nothing that names a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.inbound_desk import MAILBOX, MESSAGE, evidence
from tests.unit.web.office_kit import PeoplesApi, opened
from wardmail.inbound import recording
from wardmail.inbound.arrival import collected
from wardmail.model.arrival import ArrivalState, Judgement
from wardmail.model.inspection import Finding, Inspection, Severity
from wardmail.model.person import Role
from wardmail.model.verdict import Action, Verdict

INBOUND = "/v1/inbound-messages"
FOUND = Inspection((), (), (Finding("office-macro", Severity.DANGEROUS, 80, "letter of Anna.docm has a macro"),))


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        made.register("vera", Role.VIEWER)
        yield made


async def came(api: PeoplesApi, integration: str = "app") -> str:
    world = api.receiving
    arrived = collected(world, replace(MAILBOX, integration=integration), MESSAGE)
    await world.arrivals.put([arrived])
    judgement = Judgement(evidence(), FOUND, (), Verdict(Action.QUARANTINE, ("it names Anna",)), world.clock.now())
    judged = recording.judged(arrived.arrival, judgement, ArrivalState.QUARANTINED, None)
    assert await world.arrivals.change(judged)
    return arrived.arrival.id


async def test_people_see_what_came_in_for_every_integration(api: PeoplesApi) -> None:
    mine, others = await came(api), await came(api, "another")
    key = api.keys["vera"]
    items = (await api.http.get(INBOUND, headers=key)).json()["items"]
    assert [each["id"] for each in items] == [others, mine]
    only = (await api.http.get(f"{INBOUND}?integration=another&status=quarantined", headers=key)).json()["items"]
    assert [each["id"] for each in only] == [others]
    shown = (await api.http.get(f"{INBOUND}/{others}", headers=key)).json()
    assert (shown["status"], shown["proved"]["spf"], shown["findings"]) == ("quarantined", "pass", ["office-macro"])
    assert "Anna" not in str(shown)


async def test_a_program_sees_its_own_whatever_it_names(api: PeoplesApi) -> None:
    mine, others = await came(api), await came(api, "another")
    items = (await api.http.get(f"{INBOUND}?integration=another", headers=api.app_key)).json()["items"]
    assert [each["id"] for each in items] == [mine]
    assert (await api.http.get(f"{INBOUND}/{others}", headers=api.app_key)).status_code == 404


async def test_people_take_no_message_by_it_and_nobody_comes_in_without_a_key(api: PeoplesApi) -> None:
    mine, key = await came(api), api.register("boss", Role.OWNER)
    assert (await api.http.get(f"{INBOUND}/{mine}/content", headers=key)).status_code == 401
    assert (await api.http.post(f"{INBOUND}/{mine}/ack", headers=key)).status_code == 401
    assert (await api.http.get(INBOUND)).status_code == 401
    nobody = api.register("nora")
    assert (await api.http.get(f"{INBOUND}/{mine}", headers=nobody)).json()["code"] == "WM-NOT-PERMITTED"
    gone = await api.http.get(f"{INBOUND}/{'X' * 18}", headers=key)
    assert (gone.status_code, gone.json()["code"]) == (404, "WM-NOT-FOUND")
    assert "integration" not in gone.json()["detail"]
