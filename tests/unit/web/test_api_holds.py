"""`/v1/holds`: people call with their own keys, and decide as `wardmail hold` lets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.web.office_kit import SENSITIVE, URGENT, PeoplesApi, opened
from wardmail.model.person import Role
from wardmail.policy.codec import decode_rule
from wardmail.policy.rules import BUILT_IN_RULES

HOLDS = "/v1/holds"
WHY = {"reason": "the clinic asked for it"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        made.register("gwen", Role.GOVERNANCE)
        made.register("clara", Role.CLINICIAN)
        made.register("vera", Role.VIEWER)
        yield made


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wmp_gwen.wrong",
        "Bearer wmp_nobody.wrong",
        "Bearer wmp_GWEN.wrong",
        "Bearer wmp_root.",
        "Bearer wmp_.x",
        "Bearer wmp_gw\xe4n.x",
        "Bearer wmp_gwen." + "x" * 300,
        "Basic Z3dlbjp4",
        "",
    ],
)
async def test_whatever_is_wrong_with_a_key_the_words_are_the_same(api: PeoplesApi, header: str) -> None:
    answer = await api.http.get(HOLDS, headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]
    assert answer.json()["detail"].startswith("Send `Authorization: Bearer wmp_PERSON.KEY`")


async def test_a_key_of_the_other_kind_opens_nothing(api: PeoplesApi) -> None:
    assert (await api.http.get(HOLDS, headers=api.app_key)).status_code == 401
    assert (await api.http.get("/v1/events", headers=api.keys["gwen"])).status_code == 401


async def test_who_has_left_is_nobody(api: PeoplesApi) -> None:
    person = api.installation.people.one("gwen")
    assert person is not None
    api.installation.people.save(replace(person, left_at=1.0), "test")
    assert (await api.http.get(HOLDS, headers=api.keys["gwen"])).status_code == 401


async def test_failures_are_counted_for_the_name_and_address(api: PeoplesApi) -> None:
    wrong = {"Authorization": "Bearer wmp_gwen.wrong"}
    statuses = [(await api.http.get(HOLDS, headers=wrong)).status_code for _ in range(40)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert (await api.http.get(HOLDS, headers=api.keys["gwen"])).status_code == 429


async def test_held_copies_are_listed_page_by_page_the_pressing_first(api: PeoplesApi) -> None:
    calm = [await api.send("a@unknown.example", head=SENSITIVE) for _ in range(3)]
    pressing = await api.send("b@unknown.example", "c@unknown.example", head=URGENT)
    seen, after = [], ""
    while True:
        page = (await api.http.get(HOLDS, params={"limit": 2, "after": after}, headers=api.keys["vera"])).json()
        seen += [(each["id"], each["recipient_no"]) for each in page["items"]]
        after = page["next"]
        if not after:
            break
    numbers = [n for one, n in seen if one == pressing]
    assert [one for one, _ in seen] == [pressing, pressing, *calm]
    assert len(set(numbers)) == 2
    shown = (await api.http.get(f"{HOLDS}/{pressing}", headers=api.keys["vera"])).json()
    assert {each["to"] for each in shown["copies"]} == {"b@unknown.example", "c@unknown.example"}
    assert shown["copies"][0]["deadline"]
    for query in ({"domain": "elsewhere.example"}, {"integration": "another"}):
        assert (await api.http.get(HOLDS, params=query, headers=api.keys["vera"])).json()["items"] == []


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "2-" + "A" * 18 + "-1"}, {"limit": 0}, {"colour": "red"}])
async def test_what_no_page_gave_is_no_cursor(api: PeoplesApi, query: dict[str, str]) -> None:
    assert (await api.http.get(HOLDS, params=query, headers=api.keys["vera"])).status_code == 422


async def test_release_is_asked_of_the_policy_and_stands_in_the_audit_with_the_person(api: PeoplesApi) -> None:
    held = await api.send("a@unknown.example", head=SENSITIVE)
    answer = await api.http.post(f"{HOLDS}/{held}/release", json=WHY, headers=api.keys["gwen"])
    assert (answer.status_code, answer.json()["status"]) == (200, "released"), answer.text
    ((actor, detail),) = api.events("HoldReleased")
    assert (actor, detail["reason"]) == ("gwen", WHY["reason"])
    again = await api.http.post(f"{HOLDS}/{held}/release", json=WHY, headers=api.keys["gwen"])
    assert again.status_code == 404


async def test_cancel_leaves_it_unsent(api: PeoplesApi) -> None:
    held = await api.send("a@unknown.example", head=SENSITIVE)
    answer = await api.http.post(f"{HOLDS}/{held}/cancel", json=WHY, headers=api.keys["gwen"])
    assert answer.json() == {"id": held, "status": "cancelled", "copies": 1}
    assert [actor for actor, _ in api.events("RecipientCancelled")] == ["gwen"]


@pytest.mark.parametrize("action", ["release", "cancel", "extend", "assign"])
async def test_who_may_only_see_decides_nothing(api: PeoplesApi, action: str) -> None:
    held = await api.send("a@unknown.example", head=SENSITIVE)
    answer = await api.http.post(f"{HOLDS}/{held}/{action}", json=WHY, headers=api.keys["vera"])
    assert (answer.status_code, answer.json()["code"]) == (403, "WM-NOT-PERMITTED")


async def test_a_clinician_releases_what_is_time_critical_and_nothing_else(api: PeoplesApi) -> None:
    calm = await api.send("a@unknown.example", head=SENSITIVE)
    pressing = await api.send("b@unknown.example", head=URGENT)
    clara = api.keys["clara"]
    assert (await api.http.post(f"{HOLDS}/{calm}/release", json=WHY, headers=clara)).status_code == 403
    assert (await api.http.post(f"{HOLDS}/{pressing}/cancel", json=WHY, headers=clara)).status_code == 403
    many = {"action": "release", "expected_count": 2, **WHY}
    assert (await api.http.post(f"{HOLDS}/actions", json=many, headers=clara)).status_code == 403
    assert (await api.http.post(f"{HOLDS}/{pressing}/release", json=WHY, headers=clara)).status_code == 200


async def test_more_time_and_another_person(api: PeoplesApi) -> None:
    held = await api.send("a@unknown.example", head=SENSITIVE)
    gwen = api.keys["gwen"]
    before = (await api.http.get(f"{HOLDS}/{held}", headers=gwen)).json()["copies"][0]["deadline"]
    more = await api.http.post(f"{HOLDS}/{held}/extend", json={"days": 2, **WHY}, headers=gwen)
    assert more.json()["copies"][0]["deadline"] > before
    api.register("hana", Role.GOVERNANCE)
    given = await api.http.post(f"{HOLDS}/{held}/assign", json={"person": "hana", **WHY}, headers=gwen)
    assert given.json()["copies"][0]["owner"] == "hana"
    assert api.events("HoldAssigned")[0][0] == "gwen"
    for person, code in (("vera", "WM-HOLD-DECIDER"), ("nobody", "WM-PERSON-NOT-FOUND")):
        wrong = await api.http.post(f"{HOLDS}/{held}/assign", json={"person": person, **WHY}, headers=gwen)
        assert (wrong.status_code, wrong.json()["code"]) == (422, code)


@pytest.mark.parametrize("body", [{"days": 0}, {"days": 31}, {"days": "NaN"}, {"days": 1, "reason": "x"}, {}])
async def test_a_term_that_cannot_be(api: PeoplesApi, body: dict[str, object]) -> None:
    held = await api.send("a@unknown.example", head=SENSITIVE)
    answer = await api.http.post(f"{HOLDS}/{held}/extend", json=WHY | body, headers=api.keys["gwen"])
    assert answer.status_code == 422


async def test_many_are_decided_only_when_the_number_is_right(api: PeoplesApi) -> None:
    for n in range(3):
        await api.send(f"a{n}@unknown.example", head=SENSITIVE)
    other = await api.send("a@elsewhere.example", head=SENSITIVE)
    many = {"action": "release", "domain": "unknown.example", "expected_count": 2, **WHY}
    wrong = await api.http.post(f"{HOLDS}/actions", json=many, headers=api.keys["gwen"])
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["count"]) == (409, "WM-HOLD-COUNT", 3)
    assert api.events("HoldReleased") == []
    done = await api.http.post(f"{HOLDS}/actions", json=many | {"expected_count": 3}, headers=api.keys["gwen"])
    assert [each["status"] for each in done.json()["items"]] == ["released"] * 3
    left = (await api.http.get(HOLDS, headers=api.keys["gwen"])).json()["items"]
    assert [each["id"] for each in left] == [other]


async def test_many_by_name(api: PeoplesApi) -> None:
    first, second = [await api.send("a@unknown.example", head=SENSITIVE) for _ in range(2)]
    many = {"action": "cancel", "ids": [first, first], "expected_count": 1, **WHY}
    done = await api.http.post(f"{HOLDS}/actions", json=many, headers=api.keys["gwen"])
    assert done.json() == {"items": [{"id": first, "status": "cancelled", "copies": 1}]}
    both = await api.http.post(f"{HOLDS}/actions", json=many | {"domain": "x.example"}, headers=api.keys["gwen"])
    assert both.status_code == 422
    left = (await api.http.get(HOLDS, headers=api.keys["gwen"])).json()["items"]
    assert [each["id"] for each in left] == [second]


async def test_where_a_rule_asks_for_two_people_the_first_alone_sends_nothing(api: PeoplesApi) -> None:
    rule = {"id": "two", "source": "L", "why": "two", "when": {"always": True}, "then": {"hold": {"two_people": True}}}
    api.world.register.rules = (*BUILT_IN_RULES, decode_rule(rule, ""))
    held = await api.send("a@unknown.example", head=SENSITIVE)
    for _ in range(2):
        first = await api.http.post(f"{HOLDS}/{held}/release", json=WHY, headers=api.keys["gwen"])
        assert (first.status_code, first.json()["status"], first.json()["proposed_by"]) == (200, "proposed", "gwen")
    hana = api.register("hana", Role.GOVERNANCE)
    second = await api.http.post(f"{HOLDS}/{held}/release", json=WHY, headers=hana)
    assert second.json()["status"] == "released"
    assert [actor for actor, _ in api.events("HoldReleased")] == ["hana"]
