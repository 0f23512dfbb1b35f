"""`/v1/policies`: proposed by one, approved by another, tried before it counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.web.office_kit import PeoplesApi, opened
from wardmail.model.person import Role

WHY = {"reason": "decided by the board"}
ALL = "/v1/policies"
HOLD_ALL = {
    "id": "hold-all",
    "source": "IG-7",
    "why": "somebody looks at everything",
    "when": {"always": True},
    "then": {"hold": {}},
    "example": [{"recipient": "someone@webmail.example", "outcome": "hold"}],
}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        for name in ("gwen", "hana"):
            made.register(name, Role.GOVERNANCE)
        made.register("vera", Role.VIEWER)
        yield made


async def call(api: PeoplesApi, method: str, path: str, who: str, body: object = None, **query: str) -> tuple[int, Any]:
    answer = await api.http.request(method, path, json=body, params=query, headers=api.keys[who])
    return answer.status_code, answer.json()


async def test_a_version_comes_into_force_by_two_people(api: PeoplesApi) -> None:
    proposal = {"rules": [HOLD_ALL], **WHY}
    assert (await call(api, "POST", ALL, "vera", proposal))[0] == 403
    status, tried = await call(api, "POST", ALL, "gwen", proposal, dry_run="true")
    assert (status, tried["version"], tried["changes"][0]["change"]) == (201, None, "added")
    assert (await call(api, "GET", ALL, "vera"))[1]["items"] == []
    status, made = await call(api, "POST", ALL, "gwen", proposal)
    assert (status, made["version"], made["state"]) == (201, 1, "draft")
    assert (await call(api, "POST", f"{ALL}/1/approve", "hana", WHY))[0] == 409
    status, checked = await call(api, "POST", f"{ALL}/1/check", "gwen")
    assert (checked["passed"], checked["state"]) == (True, "checked"), checked
    assert (await call(api, "POST", f"{ALL}/1/approve", "gwen", WHY))[0] == 409
    assert (await call(api, "POST", f"{ALL}/1/activate", "gwen", WHY))[0] == 409
    assert (await call(api, "POST", f"{ALL}/1/approve", "hana", WHY))[1]["state"] == "approved"
    assert (await call(api, "POST", f"{ALL}/1/activate", "gwen", WHY))[1]["state"] == "active"
    active = (await call(api, "GET", f"{ALL}/active", "vera"))[1]
    own = [each for each in active["sentences"] if not each["built_in"]]
    assert (active["version"], [each["id"] for each in own]) == (1, ["hold-all"])
    assert own[0]["sentence"]
    assert [each["id"] for each in active["site_rules"]] == ["hold-all"]
    assert (await call(api, "POST", ALL, "gwen", {"rules": active["site_rules"], **WHY}))[0] == 422
    assert (await call(api, "GET", f"{ALL}/1", "vera"))[1]["approvals"][0]["by"] == "hana"
    assert (await call(api, "GET", f"{ALL}/2", "vera"))[0] == 404


async def test_a_version_is_withdrawn(api: PeoplesApi) -> None:
    await call(api, "POST", ALL, "gwen", {"rules": [HOLD_ALL], **WHY})
    assert (await call(api, "POST", f"{ALL}/1/withdraw", "hana", WHY))[1]["state"] == "withdrawn"
    assert (await call(api, "POST", f"{ALL}/1/withdraw", "hana", WHY))[0] == 409


async def test_what_would_change_is_said_and_nothing_is_changed(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net")
    by_rules = (await call(api, "POST", f"{ALL}/simulations", "gwen", {"rules": [HOLD_ALL]}))[1]
    assert (by_rules["copies"], by_rules["would_change"], by_rules["changes"][0]["example"]) == (1, 1, sent)
    await call(api, "POST", ALL, "gwen", {"rules": [HOLD_ALL], **WHY})
    by_version = (await call(api, "POST", f"{ALL}/simulations", "vera", {"version": 1, "days": 2}))[1]
    assert by_version["changes"] == by_rules["changes"]
    assert (await call(api, "GET", f"{ALL}/active", "vera"))[1]["site_rules"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"version": 1, "rules": []},
        {"version": 0},
        {"rules": [{"id": "x"}]},
        {"rules": [HOLD_ALL | {"then": {"open": {}}}]},
        {"rules": [HOLD_ALL], "days": 91},
        {"rules": [HOLD_ALL | {"when": [[[[]]]]}]},
    ],
)
async def test_simulations_that_cannot_be(api: PeoplesApi, body: dict[str, object]) -> None:
    assert (await call(api, "POST", f"{ALL}/simulations", "gwen", body))[0] == 422


async def test_rules_that_are_nested_without_end_are_refused(api: PeoplesApi) -> None:
    for depth in (200, 900, 20_000):
        when = '{"not": ' * depth + '{"always": true}' + "}" * depth
        rule = f'{{"id": "deep", "source": "L", "why": "x", "when": {when}, "then": {{"hold": {{}}}}}}'
        content = f'{{"rules": [{rule}], "reason": "nesting"}}'
        headers = api.keys["gwen"] | {"Content-Type": "application/json"}
        answer = await api.http.post(ALL, content=content, headers=headers)
        assert answer.status_code in (201, 400, 413, 422), (depth, answer.text)
    assert (await call(api, "GET", f"{ALL}/active", "vera"))[0] == 200
