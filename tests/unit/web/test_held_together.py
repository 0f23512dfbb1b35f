"""Several held copies decided at once: counted before, by who may, and each by the rules that hold for one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.web.console_kit import SENSITIVE, Console, form_token, open_console
from wardmail.model.person import Person, Role
from wardmail.outbound.deciding import assign
from wardmail.policy.codec import decode_rule
from wardmail.policy.rules import BUILT_IN_RULES
from wardmail.store.messages import Messages, Search

WHY = "the clinic was phoned"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def states(console: Console) -> list[str]:
    return sorted(line.state for line in Messages(console.stage.database).search(Search()))


async def test_they_are_counted_asked_about_and_decided(console: Console) -> None:
    for to in ("a@unknown.example", "b@unknown.example", "c@unknown.example"):
        await console.send(to, head=SENSITIVE)
    async with console.visitor("governance") as http:
        page = await http.get("/held")
        picks = re.findall(r'name="(pick-[^"]+)"', page.text)
        assert len(picks) == 3
        fields = {"form_token": form_token(page), "decision": "cancel", "reason": WHY, picks[0]: "yes", picks[1]: "yes"}
        asked = await http.post("/held", data=fields)
        assert "Never send 2 copies?" in asked.text
        for wrong in ("yes", "3", ""):
            assert "Never send 2 copies?" in (await http.post("/held", data={**fields, "confirmed": wrong})).text
        assert states(console) == ["held"] * 3
        done = await http.post("/held", data={**fields, "confirmed": "2"})
        assert done.text.count(": 1 not sent.") == 2
        assert states(console) == ["cancelled", "cancelled", "held"]
        again = await http.post("/held", data={**fields, "confirmed": "2"})
        assert again.text.count("it was decided already") == 2
        assert "not sent" not in again.text


async def test_where_two_must_agree_one_is_not_enough(console: Console) -> None:
    rule = {"id": "two", "source": "L", "why": "two", "when": {"always": True}, "then": {"hold": {"two_people": True}}}
    rules = (*BUILT_IN_RULES, decode_rule(rule, ""))
    console.stage.world.register.rules = rules
    message_id = await console.send("a@unknown.example", head=SENSITIVE)
    fields = {"decision": "release", "reason": WHY, f"pick-{message_id}-0": "yes", "confirmed": "1"}
    async with console.visitor("governance") as first, console.visitor("owner") as second:
        for _ in range(2):
            token = form_token(await first.get("/held"))
            proposed = await first.post("/held", data={**fields, "form_token": token})
            assert f"{message_id}: another person must agree." in proposed.text
            assert states(console) == ["held"]
        console.stage.world.register.rules = rules
        token = form_token(await second.get("/held"))
        released = await second.post("/held", data={**fields, "form_token": token})
    assert f"{message_id}: released." in released.text
    assert states(console) != ["held"]


@pytest.mark.parametrize("changed", [{"decision": "nonsense"}, {"reason": ""}, {"pick-nonsense-0": "yes"}])
async def test_what_is_not_whole_does_nothing(console: Console, changed: dict[str, str]) -> None:
    await console.send("a@unknown.example", head=SENSITIVE)
    async with console.visitor("owner") as http:
        page = await http.get("/held")
        (pick,) = re.findall(r'name="(pick-[^"]+)"', page.text)
        fields = {"form_token": form_token(page), "decision": "cancel", "reason": WHY, "confirmed": "1"}
        if "pick-nonsense-0" not in changed:
            fields[pick] = "yes"
        answer = await http.post("/held", data={**fields, **changed})
        assert answer.status_code == 422
        assert "Nothing was done" in answer.text
        assert answer.text.count(" checked") == (pick in fields)
        assert (WHY in answer.text) == ("reason" not in changed)
    assert states(console) == ["held"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLINICIAN, Role.DEVELOPER])
async def test_others_do_not_choose(console: Console, role: Role) -> None:
    message_id = await console.send("a@unknown.example", head=SENSITIVE)
    async with console.visitor(role.value) as http:
        page = await http.get("/held")
        assert "pick-" not in page.text
        fields = {"form_token": form_token(page), "decision": "cancel", "reason": WHY, f"pick-{message_id}-0": "yes"}
        assert (await http.post("/held", data={**fields, "confirmed": "1"})).status_code == 403
    assert states(console) == ["held"]


async def test_ones_own_are_found_behind_many_of_others(console: Console) -> None:
    for n in range(41):
        await console.send(*(f"p{n}-{m}@unknown.example" for m in range(5)), head=SENSITIVE)
    async with console.visitor("owner") as http:
        shown = (await http.get("/held")).text
        assert "200 copies" in shown
        assert "There are more" in shown
        assert "Decide about 200+ held copies" in (await http.get("/")).text
        every = {each["id"] for each in console.services.held.waiting(1000)}
        (last,) = (each for each in every if f"/held/{each}" not in shown)
        owner = Person("owner", "Owner", roles=(Role.OWNER,))
        book, now = console.services.holds, console.stage.clock.now()
        assign(book, str(last), owner, actor="test", reason=WHY, now=now)
        mine = (await http.get("/held?whose=mine")).text
        assert f"/held/{last}" in mine
