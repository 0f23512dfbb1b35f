"""`/v1/queue` and `/v1/suppressions`: what operators of mail do, by their own keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.web.office_kit import PeoplesApi, opened
from wardmail.model.person import Role

WHY = {"reason": "the receiver asked for it"}
QUEUE, LIST = "/v1/queue", "/v1/suppressions"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        made.register("oli", Role.MAIL_OPERATOR)
        made.register("vera", Role.VIEWER)
        yield made


async def waiting(api: PeoplesApi, **query: Any) -> list[str]:
    answer = await api.http.get(QUEUE, params=query, headers=api.keys["vera"])
    assert answer.status_code == 200, answer.text
    return [each["to"] for each in answer.json()["items"]]


async def act(api: PeoplesApi, body: dict[str, object], who: str = "oli") -> tuple[int, dict[str, object]]:
    answer = await api.http.post(f"{QUEUE}/actions", json=body, headers=api.keys[who])
    return answer.status_code, answer.json()


async def test_what_waits_is_listed_by_domain_and_page(api: PeoplesApi) -> None:
    for to in ("a@nhs.net", "b@nhs.net", "c@other.example"):
        await api.send(to)
    assert await waiting(api) == ["c@other.example", "b@nhs.net", "a@nhs.net"]
    assert await waiting(api, domain="NHS.net") == ["b@nhs.net", "a@nhs.net"]
    first = (await api.http.get(QUEUE, params={"limit": 1}, headers=api.keys["vera"])).json()
    assert await waiting(api, after=first["next"]) == ["b@nhs.net", "a@nhs.net"]
    assert await waiting(api, integration="another") == []


async def test_an_operator_hurries_holds_and_cancels(api: PeoplesApi) -> None:
    first, second = await api.send("a@nhs.net"), await api.send("b@nhs.net")
    flushed = await act(api, {"action": "flush", "domain": "NHS.net"})
    assert flushed == (200, {"action": "flush", "copies": 2, "in_hand": 0})
    assert (await act(api, {"action": "retry", "ids": [first]}))[1]["copies"] == 1
    assert (await act(api, {"action": "hold", "ids": [first], **WHY}))[1]["copies"] == 1
    assert (await act(api, {"action": "cancel", "ids": [second], **WHY}))[1]["copies"] == 1
    assert await waiting(api, held="true") == ["a@nhs.net"]
    assert [actor for actor, _ in api.events("RecipientCancelled")] == ["oli"]
    assert {actor for actor, _ in api.events("QueueFlushed")} == {"oli"}


async def test_whoever_runs_the_queue_does_not_decide_about_what_is_held(api: PeoplesApi) -> None:
    held = await api.send("a@nhs.net")
    assert (await act(api, {"action": "hold", "ids": [held], **WHY}))[1]["copies"] == 1
    assert (await act(api, {"action": "cancel", "ids": [held], **WHY}))[1]["copies"] == 0
    assert await waiting(api, held="true") == ["a@nhs.net"]
    assert api.events("RecipientCancelled") == []


@pytest.mark.parametrize(
    "body",
    [
        {"action": "burn", "ids": ["A" * 18]},
        {"action": "cancel", "ids": ["A" * 18]},
        {"action": "cancel", "ids": [], **WHY},
        {"action": "retry", "ids": ["short"]},
        {"action": "flush", "domain": "a\nb"},
        {},
    ],
)
async def test_actions_that_mean_nothing(api: PeoplesApi, body: dict[str, object]) -> None:
    assert (await act(api, body))[0] == 422


async def test_a_viewer_changes_nothing(api: PeoplesApi) -> None:
    await api.send("a@nhs.net")
    assert (await act(api, {"action": "flush"}, "vera"))[0] == 403
    vera = api.keys["vera"]
    entry = {"address": "a@b.example", **WHY}
    assert (await api.http.post(LIST, json=entry, headers=vera)).status_code == 403
    assert (await api.http.delete(f"{LIST}/a@b.example", params=WHY, headers=vera)).status_code == 403


async def test_an_address_is_put_on_the_list_and_taken_off(api: PeoplesApi) -> None:
    oli = api.keys["oli"]
    made = await api.http.post(LIST, json={"address": "A@B.example", "days": 2, **WHY}, headers=oli)
    assert (made.status_code, made.json()["address"], made.json()["added_by"]) == (201, "a@b.example", "oli")
    assert made.json()["expires_at"]
    shown = (await api.http.get(LIST, params={"q": "b.ex"}, headers=api.keys["vera"])).json()["items"]
    assert [each["address"] for each in shown] == ["a@b.example"]
    gone = await api.http.delete(f"{LIST}/A@b.example", params=WHY, headers=oli)
    assert gone.json() == {"address": "a@b.example", "removed": 1}
    again = await api.http.delete(f"{LIST}/a@b.example", params=WHY, headers=oli)
    assert (again.status_code, again.json()["code"]) == (404, "WM-SUPPRESSION-NOT-FOUND")
    assert api.events("SuppressionAdded")[0][0] == api.events("SuppressionRemoved")[0][0] == "oli"


async def test_the_list_is_paged_to_its_end(api: PeoplesApi) -> None:
    for n in range(3):
        for integration in ("", "app"):
            entry = {"address": f"a{n}@b.example", "integration": integration, **WHY}
            assert (await api.http.post(LIST, json=entry, headers=api.keys["oli"])).status_code == 201
    seen, after = [], ""
    while True:
        page = (await api.http.get(LIST, params={"limit": 4, "after": after}, headers=api.keys["oli"])).json()
        seen += [(each["address"], each["integration"]) for each in page["items"]]
        after = page["next"]
        if not after:
            break
    assert seen == [(f"a{n}@b.example", integration) for n in range(3) for integration in ("", "app")]


@pytest.mark.parametrize("after", ["x", "____", "AA==", "gA=="])
async def test_a_cursor_that_no_page_gave(api: PeoplesApi, after: str) -> None:
    assert (await api.http.get(LIST, params={"after": after}, headers=api.keys["oli"])).status_code == 422


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"address": "no"}, 422), ({"address": "a@@b"}, 422), ({"integration": "nobody"}, 404), ({"days": 0}, 422)],
)
async def test_entries_that_cannot_be(api: PeoplesApi, changed: dict[str, object], status: int) -> None:
    entry = {"address": "a@b.example", **WHY} | changed
    answer = await api.http.post(LIST, json=entry, headers=api.keys["oli"])
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
