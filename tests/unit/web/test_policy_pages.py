"""The policy on pages: proposed by one, approved by another, in force within the second; tried, simulated; bad input."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.unit.web.console_kit import Console, form_token, once_mark, open_console
from wardmail.manage.policy_desk import PolicyDesk
from wardmail.manage.policy_text import rules_of_text
from wardmail.model.person import PERMISSIONS, Permission, Person, Role
from wardmail.model.policy import PolicyState
from wardmail.store.policies import StorePolicies

WHY = "as the board agreed"
RULES = """
[[rule]]
id = "no-webmail"
source = "LOCAL-7"
why = "letters do not go to webmail <script>alert(1)</script>"
when = { recipient-is-at = "nhs.net" }
then = { refuse = { code = 550, status = "5.7.1", public = "No webmail", error = "WM-SITE-WEBMAIL" } }

[[rule.example]]
recipient = "someone@nhs.net"
outcome = "refuse"
"""


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def states(console: Console) -> list[str]:
    return [each.state.value for each in StorePolicies(console.stage.database).all()]


async def post(http: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    return await http.post(path, data={"form_token": form_token(await http.get(path)), **fields})


async def propose(http: httpx2.AsyncClient, text: str = RULES) -> httpx2.Response:
    """As somebody does who has looked at what would change."""
    asked = await post(http, "/policy/propose", rules=text, reason=WHY)
    return await post(http, "/policy/propose", rules=text, reason=WHY, confirmed="yes", once=once_mark(asked))


async def test_a_preview_that_is_confirmed_twice_at_once_is_kept_once(console: Console) -> None:
    async with console.visitor("governance") as http:
        asked = await post(http, "/policy/propose", rules=RULES, reason=WHY)
        fields = {"form_token": form_token(asked), "rules": RULES, "reason": WHY, "confirmed": "yes"}
        form = fields | {"once": once_mark(asked)}
        answers = await asyncio.gather(*(http.post("/policy/propose", data=form) for _ in range(3)))
        assert sorted(each.status_code for each in answers) == [303, 422, 422]
        for mark in ("", "x", once_mark(asked) + "0", f"other.{once_mark(asked).partition('.')[2]}"):
            assert (await http.post("/policy/propose", data=fields | {"once": mark})).status_code == 422
    assert states(console) == ["draft"]


async def test_a_rule_is_approved_by_a_second_person_and_put_in_force(console: Console) -> None:
    await console.send("a@nhs.net")
    console.register("grace", Role.GOVERNANCE)
    async with console.visitor("governance") as first, console.visitor("grace") as second:
        asked = await post(first, "/policy/propose", rules=RULES, reason=WHY)
        assert "When the recipient is at nhs.net" in asked.text
        assert states(console) == []
        done = await propose(first)
        one = done.headers["location"]
        assert one == "/policy/versions/1"
        assert (await post(first, one, do="approve", reason=WHY)).status_code == 409
        assert (await post(first, one, do="check")).status_code == 303
        own = await post(first, one, do="approve", reason=WHY)
        assert "another person must approve it" in own.text
        assert states(console) == ["checked"]
        tried = await post(second, one, do="simulate")
        assert "1 of the 1 copies" in tried.text
        assert (await post(second, one, do="approve", reason=WHY)).status_code == 303
        assert "Yes, put it in force" in (await post(second, one, do="activate", reason=WHY)).text
        assert states(console) == ["approved"]
        assert (await post(second, one, do="activate", reason=WHY, confirmed="yes")).status_code == 303
        assert states(console) == [PolicyState.ACTIVE.value]
        page = await first.get("/policy")
        assert "no-webmail (ours)" in page.text
        assert "<script>alert" not in page.text
        answer = await post(
            second, "/policy/try", sender="app@trust.example", to="b@nhs.net", classification="official"
        )
        assert "Refuse" in answer.text
        assert "no-webmail" in answer.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule", "no TOML"),
        ("", "says already"),
        ('[[rule]]\nid = "x"\n', "cannot be read"),
        ("other = 1", "[[rule]] tables only"),
        (RULES.replace("no-webmail", "<script>alert(1)"), "cannot be read"),
    ],
)
async def test_what_cannot_be_read_is_said_and_stays_in_the_form(console: Console, text: str, words: str) -> None:
    async with console.visitor("governance") as http:
        answer = await post(http, "/policy/propose", rules=text, reason=WHY, confirmed="yes")
    assert answer.status_code == 422
    assert words in answer.text
    assert "<script>alert" not in answer.text
    assert states(console) == []


async def test_what_is_outdated_is_not_put_in_force(console: Console) -> None:
    console.register("grace", Role.GOVERNANCE)
    async with console.visitor("governance") as first, console.visitor("grace") as second:
        for number, text in ((1, RULES), (2, RULES.replace("no-webmail", "none-there"))):
            await propose(first, text)
            await post(first, f"/policy/versions/{number}", do="check")
            await post(second, f"/policy/versions/{number}", do="approve", reason=WHY)
        await post(second, "/policy/versions/1", do="activate", reason=WHY, confirmed="yes")
        late = await post(second, "/policy/versions/2", do="activate", reason=WHY, confirmed="yes")
        assert late.status_code == 409
        assert "1 is in force now" in late.text
        assert (await post(first, "/policy/versions/2", do="withdraw", reason=WHY)).status_code == 303
        assert (await first.get("/policy/versions/3")).status_code == 404
    assert states(console) == ["active", "withdrawn"]


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_the_rules_and_proposes_when_it_may(console: Console, role: Role) -> None:
    await console.send("a@nhs.net")
    author, rules = Person("author", "Author", roles=(Role.GOVERNANCE,)), rules_of_text(RULES)
    assert isinstance(rules, tuple)
    PolicyDesk(StorePolicies(console.stage.database), console.stage.clock).draft(author, rules, WHY)
    may = Permission.PROPOSE_POLICY in PERMISSIONS[role]
    async with console.visitor(role.value) as http:
        page = await http.get("/policy")
        assert page.status_code == 200
        assert re.search(r"<span class=\"wardmail-cell\">1</span>", page.text), "a rule spoke on the one copy"
        assert (await http.get("/policy/propose")).status_code == (200 if may else 403)
        token = form_token(await http.get("/policy/try"))
        fields = {"form_token": token, "rules": RULES, "reason": WHY, "confirmed": "yes"}
        fields["once"] = console.mark(http)
        assert (await http.post("/policy/propose", data=fields)).status_code == (303 if may else 403)
        answer = await http.post("/policy/versions/1", data={"form_token": token, "do": "check"})
        assert answer.status_code == (303 if may else 403)
    assert states(console) == (["checked", "draft"] if may else ["draft"])


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"sender": "x@else.example"}, "No integration sends"), ({"to": "no address"}, "is no address")],
)
async def test_what_cannot_be_tried_is_said(console: Console, changed: dict[str, str], words: str) -> None:
    async with console.visitor("viewer") as http:
        answer = await post(http, "/policy/try", **{"sender": "app@trust.example", "to": "a@nhs.net", **changed})
    assert answer.status_code == 422
    assert words in answer.text
