"""`/v1/integrations`, their credentials, and `/v1/routes`: written whole, told with every fault, by who may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.web.office_kit import PeoplesApi, opened
from wardmail.manage.integrations import make_credential
from wardmail.model.integration import IntegrationState
from wardmail.model.person import Role

WHY = {"reason": "the discharge project"}
ALL, ROUTES = "/v1/integrations", "/v1/routes"
LETTERS = {"route": "relay", "senders": ["letters@trust.example"], "title": "Discharge letters"}
BACKUP = {"kind": "smarthost", "host": "backup.test", "port": 587, "tls": "verified"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        made.register("dev", Role.DEVELOPER)
        made.register("oli", Role.MAIL_OPERATOR)
        made.register("gwen", Role.GOVERNANCE)
        made.register("vera", Role.VIEWER)
        yield made


async def call(api: PeoplesApi, method: str, path: str, who: str, body: object = None, **query: str) -> tuple[int, Any]:
    answer = await api.http.request(method, path, json=body, params=query, headers=api.keys[who])
    return answer.status_code, answer.json()


async def test_a_draft_is_registered_shown_and_written_anew(api: PeoplesApi) -> None:
    made = {"name": "letters", "record": LETTERS, **WHY}
    status, tried = await call(api, "POST", ALL, "dev", made, dry_run="true")
    assert (status, tried["dry_run"], tried["record"]) == (201, True, None)
    assert (await call(api, "GET", f"{ALL}/letters", "vera"))[0] == 404
    status, written = await call(api, "POST", ALL, "dev", made)
    assert (status, written["name"]) == (201, "letters"), written
    assert (await call(api, "POST", ALL, "dev", made))[1]["code"] == "WM-INTEGRATION-EXISTS"
    shown = (await call(api, "GET", f"{ALL}/letters", "vera"))[1]
    assert (shown["state"], shown["credentials"]) == ("draft", [])
    record = shown["record"]
    assert isinstance(record, dict)
    changed = record | {"title": "Letters home"}
    status, written = await call(api, "PUT", f"{ALL}/letters", "dev", {"record": changed, **WHY})
    assert written["changes"] == [{"field": "title", "before": "Discharge letters", "after": "Letters home"}]
    assert [actor for actor, _ in api.events("IntegrationSaved")][-1] == "dev"
    assert [actor for actor, _ in api.events("IntegrationChanged")] == ["dev"]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"route": "nowhere"}, "/record/route"),
        ({"senders": "one"}, "/record"),
        ({"state": "live"}, "/record"),
        ({"senders": []}, "/record"),
        ({"classification": "cosmic"}, "/record"),
        ({"title": ["x"]}, "/record"),
        ({"title": None}, "/record"),
        ({"messages-per-day": -1}, "/record"),
        ({"messages-per-day": 1e400}, "/record"),
    ],
)
async def test_a_record_that_cannot_be_is_told_with_its_faults(
    api: PeoplesApi, changed: dict[str, object], pointer: str
) -> None:
    made = {"name": "letters", "record": LETTERS | changed, **WHY}
    headers = api.keys["dev"] | {"Content-Type": "application/json"}
    answer = await api.http.post(ALL, content=json.dumps(made), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "WM-RECORD"), answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert "letters" not in api.installation.register.snapshot().integrations


async def test_what_is_live_is_changed_by_who_governs(api: PeoplesApi) -> None:
    record = (await call(api, "GET", f"{ALL}/app", "dev"))[1]["record"]
    assert isinstance(record, dict)
    wider = {"record": record | {"senders": ["@trust.example"]}, **WHY}
    status, told = await call(api, "PUT", f"{ALL}/app", "dev", wider)
    assert status in (403, 422)
    assert "may not govern integrations" in str(told["detail"])
    assert api.installation.register.snapshot().integrations["app"].senders != ("@trust.example",)


async def test_names_are_listed_page_by_page(api: PeoplesApi) -> None:
    for name in ("zeta", "beta"):
        assert (await call(api, "POST", ALL, "dev", {"name": name, "record": LETTERS, **WHY}))[0] == 201
    first = (await call(api, "GET", ALL, "vera", limit="2"))[1]
    second = (await call(api, "GET", ALL, "vera", limit="2", after=str(first["next"])))[1]
    names = [each["id"] for page in (first, second) for each in page["items"]]
    assert (names, second["next"]) == (["app", "beta", "zeta"], None)


async def test_an_integration_is_suspended_and_resumed_by_who_runs_it(api: PeoplesApi) -> None:
    assert (await call(api, "POST", f"{ALL}/app/suspend", "dev", WHY))[0] == 403
    assert (await call(api, "POST", f"{ALL}/app/suspend", "oli", WHY))[1] == {
        "integration": "app",
        "state": "suspended",
    }
    assert (await call(api, "POST", f"{ALL}/app/suspend", "oli", WHY))[0] == 409
    assert (await call(api, "POST", f"{ALL}/app/burn", "oli", WHY))[0] == 404
    assert [actor for actor, _ in api.events("IntegrationSuspended")] == ["oli"]


async def test_going_live_takes_two_people_and_every_task(api: PeoplesApi) -> None:
    await call(api, "POST", ALL, "dev", {"name": "letters", "record": LETTERS, **WHY})
    status, began = await call(api, "POST", f"{ALL}/letters/trial", "dev", WHY)
    assert (status, began["state"]) == (200, IntegrationState.TRIAL.value)
    tasks = (await call(api, "GET", f"{ALL}/letters/go-live-tasks", "vera"))[1]["items"]
    assert isinstance(tasks, list)
    assert any(each["task"] == "secret-kept" and not each["done"] for each in tasks)
    status, told = await call(api, "POST", f"{ALL}/letters/go-live-requests", "dev", WHY)
    assert (status, told["code"]) == (409, "WM-GO-LIVE-NOT-READY")
    assert (await call(api, "POST", f"{ALL}/letters/go-live-approvals", "dev", WHY))[0] == 403
    assert (await call(api, "POST", f"{ALL}/letters/go-live-approvals", "gwen", WHY))[0] == 409
    ticked = await call(api, "PUT", f"{ALL}/letters/go-live-tasks/secret-kept/tick", "dev", WHY)
    assert any(each["task"] == "secret-kept" and each["by"] == "dev" for each in ticked[1]["items"])
    gone = await call(api, "DELETE", f"{ALL}/letters/go-live-tasks/secret-kept/tick", "dev", **WHY)
    assert not any(each["task"] == "secret-kept" and each["done"] for each in gone[1]["items"])
    assert (await call(api, "PUT", f"{ALL}/letters/go-live-tasks/no-such/tick", "dev", WHY))[0] == 409


async def test_a_secret_is_told_once_and_rotated_and_revoked(api: PeoplesApi) -> None:
    status, made = await call(api, "POST", f"{ALL}/app/credentials", "dev", {"networks": ["10.0.0.0/8"]})
    assert status == 201
    key = {"Authorization": f"Bearer wmk_{made['username']}.{made['secret']}"}
    api.world.register.refresh()
    shown = await api.http.get(f"{ALL}/app/credentials", headers=api.keys["vera"])
    assert str(made["secret"]) not in shown.text
    path = f"{ALL}/app/credentials/{made['username']}"
    status, other = await call(api, "POST", f"{path}/rotate", "dev", {"overlap_days": 1})
    assert status == 201
    assert (other["networks"], other["secret"] == made["secret"]) == (["10.0.0.0/8"], False)
    listed = {each["username"]: each for each in (await call(api, "GET", f"{ALL}/app/credentials", "vera"))[1]["items"]}
    assert listed[made["username"]]["expires_at"] < listed[other["username"]]["expires_at"]
    status, gone = await call(api, "POST", f"{path}/revoke", "dev")
    assert (status, gone["state"]) == (200, "revoked")
    assert (await call(api, "POST", f"{path}/rotate", "dev", {}))[0] == 404
    api.world.register.refresh()
    assert (await api.http.get("/v1/messages", headers=key)).status_code == 401


async def test_what_comes_in_place_of_a_test_credential_is_one(api: PeoplesApi) -> None:
    register, now = api.installation.register, api.installation.clock.now()
    made = make_credential("app-try", "app", api.installation.pepper, now, lifetime_days=30)
    register.save_credential(replace(made.credential, is_test=True), "test")
    status, other = await call(api, "POST", f"{ALL}/app/credentials/app-try/rotate", "dev", {})
    assert status == 201
    assert register.snapshot().credentials[str(other["username"])].is_test


async def test_what_a_key_proves_gets_no_secret_in_its_place(api: PeoplesApi) -> None:
    register, now = api.installation.register, api.installation.clock.now()
    made = make_credential("app-signs", "app", api.installation.pepper, now, lifetime_days=30)
    register.save_credential(replace(made.credential, certificate=bytes(32)), "test")
    before = register.snapshot().credentials
    status, told = await call(api, "POST", f"{ALL}/app/credentials/app-signs/rotate", "dev", {})
    assert (status, told["code"]) == (409, "WM-CREDENTIAL-PROOF")
    assert register.snapshot().credentials == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"networks": ["not a network"]}, 409),
        ({"expires_in_days": 0}, 422),
        ({"username": "Ä"}, 422),
        ({"username": "app-1"}, 409),
    ],
)
async def test_credentials_that_cannot_be(api: PeoplesApi, body: dict[str, object], status: int) -> None:
    assert (await call(api, "POST", f"{ALL}/app/credentials", "dev", body))[0] == status


async def test_a_credential_belongs_to_its_integration(api: PeoplesApi) -> None:
    await call(api, "POST", ALL, "dev", {"name": "letters", "record": LETTERS, **WHY})
    assert (await call(api, "POST", f"{ALL}/letters/credentials/app-1/revoke", "dev"))[0] == 404
    assert (await call(api, "POST", f"{ALL}/app/credentials/app-1/revoke", "vera"))[0] == 403
    assert (await call(api, "POST", f"{ALL}/nobody/credentials", "dev", {}))[0] == 404


async def test_a_route_is_made_paused_and_resumed(api: PeoplesApi) -> None:
    made = {"name": "backup", "record": BACKUP, **WHY}
    assert (await call(api, "POST", ROUTES, "dev", made))[0] == 403
    status, written = await call(api, "POST", ROUTES, "oli", made)
    assert status == 201, written
    assert (await call(api, "POST", f"{ROUTES}/backup/pause", "oli"))[1]["paused"] is True
    assert (await call(api, "POST", f"{ROUTES}/backup/resume", "oli"))[1]["paused"] is False
    names = [each["name"] for each in (await call(api, "GET", ROUTES, "vera"))[1]["items"]]
    assert names == ["backup", "relay"]
    record = (await call(api, "GET", f"{ROUTES}/backup", "vera"))[1]["record"]
    assert isinstance(record, dict)
    again = await call(api, "PUT", f"{ROUTES}/backup", "oli", {"record": record | {"port": 465}, **WHY})
    assert again[1]["changes"] == [{"field": "port", "before": 587, "after": 465}]


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "pigeon"},
        {"port": 10**9},
        {"port": "25"},
        {"host": "a b"},
        {"auth": "plain", "username": "u", "secret_ref": "hunter2"},
        {"limits": {"connections": 0}},
        {"limits": {"connections": {"deep": []}}},
        {"colour": "red"},
    ],
)
async def test_a_route_that_cannot_be(api: PeoplesApi, changed: dict[str, object]) -> None:
    status, told = await call(api, "POST", ROUTES, "oli", {"name": "backup", "record": BACKUP | changed, **WHY})
    assert (status, told["code"]) == (422, "WM-RECORD")
    assert "hunter2" not in str(told)
    assert "backup" not in api.installation.register.snapshot().routes
