"""What each role sees and may do on the pages, that a message of an enemy does nothing there, and decisions about holds."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from tests.unit.web.console_kit import SENSITIVE, URGENT, Console, form_token, open_console
from tests.worlds import HEAD
from wardmail.model.accredited import AccreditedEntry, ListVersion
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.policy.codec import decode_rule
from wardmail.policy.rules import BUILT_IN_RULES
from wardmail.store.messages import Messages, Search
from wardmail.store.schema import content as content_table
from wardmail.store.schema import message as messages_table

PAGES = ("/", "/messages", "/messages/{id}", "/held", "/held/{id}")
WHY = "the clinic waits for it"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def states(console: Console, message_id: str) -> list[str]:
    return [line.state for line in Messages(console.stage.database).search(Search(message_id))]


def kinds(console: Console) -> list[str]:
    return [each.kind for each in Messages(console.stage.database).audit(0, 1000)]


async def decide(http: httpx2.AsyncClient, message_id: str, **changed: str) -> httpx2.Response:
    token = form_token(await http.get(f"/held/{message_id}"))
    fields = {"form_token": token, "copies": "0", "decision": "release", "reason": WHY, "confirmed": "yes"}
    return await http.post(f"/held/{message_id}", data=fields | changed)


async def read(http: httpx2.AsyncClient, message_id: str, reason: str = WHY) -> httpx2.Response:
    token = form_token(await http.get(f"/messages/{message_id}"))
    return await http.post(f"/messages/{message_id}/content", data={"form_token": token, "reason": reason})


@pytest.mark.parametrize("role", Role)
async def test_each_role_gets_what_it_may_and_nothing_else(console: Console, role: Role) -> None:
    held, sent = await console.send("a@unknown.example", head=SENSITIVE), await console.send("b@nhs.net")
    may = PERMISSIONS[role]
    async with console.visitor(role.value) as http:
        for address in PAGES:
            page = await http.get(address.format(id=held))
            assert page.status_code == 200, address
            assert page.text.count("<h1") == 1
            assert "Secret words" not in page.text
        assert (await read(http, sent)).status_code == (303 if Permission.READ_CONTENT in may else 403)
        assert ("ContentOpened" in kinds(console)) == (Permission.READ_CONTENT in may)
        body = await http.get(f"/messages/{sent}/body")
        assert body.status_code == 403
        expected = 200 if Permission.RELEASE_HOLDS in may else 403
        assert (await decide(http, held)).status_code == expected
        assert (states(console, held) == ["held"]) == (expected == 403)


async def test_nobody_sees_anything_without_a_log_in(console: Console) -> None:
    held = await console.send("a@unknown.example", head=SENSITIVE)
    async with console.visitor() as http:
        for address in (*PAGES, "/messages/{id}/body"):
            assert (await http.get(address.format(id=held))).headers["location"].startswith("/log-in?next=%2F")
        for address in ("/held/{id}", "/messages/{id}/content", "/log-out"):
            assert (await http.post(address.format(id=held), data={"confirmed": "yes"})).status_code == 401
    assert states(console, held) == ["held"]


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.OWNER])
async def test_a_message_of_an_enemy_does_nothing_on_any_page(console: Console, role: Role) -> None:
    console.register("enemy", role, full_name=HOSTILE)
    head = (
        HEAD.replace(b"Hello", b"=?utf-8?b?" + b64encode(f"{HOSTILE}\u202egnp.exe".encode()) + b"?=")
        + b"Wardmail-Classification: official-sensitive\r\nContent-Type: text/html\r\n"
    )
    recipient = '"<img/src=x/onerror=alert(1)>"@unknown.example'
    message = await console.send(recipient, head=head, body=b"<script>alert(1)</script><b>Dear colleague</b>\r\n")
    async with console.visitor("enemy") as http:
        opened = (await read(http, message)).headers["location"]
        query = opened.partition("?")[2].partition("#")[0]
        searched = f"/messages?q={HOSTILE}&status={HOSTILE}&app={HOSTILE}&when={HOSTILE}"
        for address in (
            *(each.format(id=message) for each in PAGES),
            opened,
            searched,
            f"/messages/{message}/body?{query}",
        ):
            page = await http.get(address)
            assert page.status_code == 200, address
            for wrong in ("<script>alert", "<img", ">49<", "\u202e"):
                assert wrong not in page.text, (address, wrong)
        shown = await http.get(opened)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown.text
        answer = await decide(http, message, confirmed="", reason=HOSTILE)
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert" in answer.text


async def test_content_is_shown_after_a_reason_for_ten_minutes_to_this_session_alone(console: Console) -> None:
    message = await console.send("b@nhs.net", body=b"Good morning, <b>doctor</b>.\r\n")
    other = await console.send("c@nhs.net")
    async with console.visitor("governance") as http, console.visitor("owner") as second:
        assert (await read(http, message, " a ")).headers["location"].endswith("say=reason#reason")
        assert "Say why you need to read it" in (await http.get(f"/messages/{message}?say=reason")).text
        assert "ContentOpened" not in kinds(console)
        opened = (await read(http, message)).headers["location"].partition("#")[0]
        page = await http.get(opened)
        assert "Hello" in page.text
        assert "Good morning" not in page.text
        frame = opened.replace("?", "/body?")
        body = await http.get(frame)
        assert "Good morning, &lt;b&gt;doctor&lt;/b&gt;." in body.text
        policy = body.headers["content-security-policy"]
        assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
        assert (await second.get(frame)).status_code == 403
        assert "Hello" not in (await second.get(opened)).text
        assert (await http.get(frame.replace(message, other))).status_code == 403
        console.wait(601)
        assert (await http.get(frame)).status_code == 403
        assert "Hello" not in (await http.get(opened)).text
        assert f"Read by governance: {WHY}" in (await http.get(f"/messages/{message}")).text


async def test_a_held_message_is_released_after_a_second_question(console: Console) -> None:
    held = await console.send("a@unknown.example", head=SENSITIVE)
    async with console.visitor("governance") as http:
        assert held in (await http.get("/held")).text
        assert "Decide about 1 held copy" in (await http.get("/")).text
        for wrong in ({"decision": "eat"}, {"reason": "no"}):
            assert (await decide(http, held, **wrong)).status_code == 422
        assert (await decide(http, held, copies="0,1")).status_code == 409
        asked = await decide(http, held, confirmed="")
        assert "Send this message?" in asked.text
        assert states(console, held) == ["held"]
        await decide(http, held)
        assert states(console, held) != ["held"]
        assert (await http.get(f"/held/{held}")).status_code == 404
        assert f"Released by governance: {WHY}" in (await http.get(f"/messages/{held}")).text


async def test_where_a_rule_asks_for_two_people_the_first_alone_sends_nothing(console: Console) -> None:
    rule = {"id": "two", "source": "L", "why": "two", "when": {"always": True}, "then": {"hold": {"two_people": True}}}
    console.stage.world.register.rules = (*BUILT_IN_RULES, decode_rule(rule, ""))
    held = await console.send("a@unknown.example", head=SENSITIVE)
    async with console.visitor("governance") as first, console.visitor("owner") as second:
        for _ in range(2):
            assert "Another person must agree" in (await decide(first, held)).text
            assert states(console, held) == ["held"]
        assert "governance would release it" in (await second.get(f"/held/{held}")).text
        console.stage.world.register.rules = (*BUILT_IN_RULES, decode_rule(rule, ""))
        assert "The message is released" in (await decide(second, held)).text
    assert states(console, held) != ["held"]


async def test_a_held_message_is_stopped(console: Console) -> None:
    held = await console.send("a@unknown.example", head=SENSITIVE)
    async with console.visitor("owner") as http:
        assert "The message is not sent" in (await decide(http, held, decision="cancel")).text
    assert states(console, held) == ["cancelled"]


async def test_a_clinician_lets_go_what_is_time_critical_and_stops_nothing(console: Console) -> None:
    urgent = await console.send("a@unknown.example", head=URGENT)
    async with console.visitor("clinician") as http:
        assert "Time-critical" in (await http.get("/held?whose=mine")).text
        assert (await decide(http, urgent, decision="cancel")).status_code == 403
        assert (await decide(http, urgent)).status_code == 200
    assert states(console, urgent) != ["held"]


async def test_the_list_is_searched_and_turned(console: Console) -> None:
    sent = [await console.send(f"p{n}@nhs.net") for n in range(52)]
    async with console.visitor("viewer") as http:
        first = await http.get("/messages?app=app")
        assert "Showing 50 messages, the newest first; there are older ones." in first.text
        assert sent[-1] in first.text
        older = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
        second = await http.get(older)
        assert "Showing 2 messages" in second.text
        assert sent[0] in second.text
        assert "Showing 1 message," in (await http.get("/messages?q=p7@nhs.net")).text
        assert "No messages match" in (await http.get("/messages?q=nobody@nhs.net&status=held")).text
        assert "Showing 50" in (await http.get("/messages?status=accepted")).text
        assert "No messages match" in (await http.get("/messages?status=failed")).text
        for odd in ("after=x", "after='--"):
            assert (await http.get(f"/messages?{odd}")).status_code == 404
        for missing in ("/messages/NO", f"/messages/{'A' * 18}", "/messages/%00", f"/held/{'A' * 18}", "/held/x'"):
            assert (await http.get(missing)).status_code == 404, missing


async def test_content_that_cannot_be_opened_is_not_called_gone_for_certain(console: Console) -> None:
    sent = await console.send("b@nhs.net")
    async with console.visitor("owner") as http:
        opened = (await read(http, sent)).headers["location"]
        with console.stage.database.write() as connection:
            connection.execute(update(content_table).values(head=b"not what was sealed"))
        page = await http.get(opened)
    assert page.status_code == 200
    assert "its term has ended, or a part of the gateway does not answer" in page.text
    assert "Hello" not in page.text


async def test_a_broken_record_is_no_page_that_does_not_exist(console: Console) -> None:
    broken = await console.send("a@nhs.net")
    with console.stage.database.write() as connection:
        connection.execute(update(messages_table).where(messages_table.c.id == broken).values(sensitivity=99))
    async with console.visitor("viewer") as http:
        page = await http.get("/messages")
    assert page.status_code == 500
    assert "WM-INTERNAL" in page.text
    assert "Nothing was changed" in page.text
    assert "no such page" not in page.text


async def test_a_person_may_ask_about_an_address_from_anywhere(console: Console) -> None:
    async with console.visitor() as http:
        assert (await http.get("/check")).status_code == 403
    async with console.visitor("viewer") as http:
        page = await http.get("/check")
        assert page.status_code == 200
        assert "Log out" in page.text


async def test_a_title_names_no_subject_because_browsers_keep_titles(console: Console) -> None:
    message = await console.send("b@nhs.net")
    async with console.visitor("owner") as http:
        page = await http.get((await read(http, message)).headers["location"])
        assert "Hello" in page.text
        assert "Hello" not in page.text.partition("</title>")[0]


async def test_the_overview_asks_for_a_new_list_before_the_old_one_is_out_of_date(console: Console) -> None:
    entry = AccreditedEntry("partner.example", "Partner", "X1", date(2026, 11, 1), date(2027, 10, 31))
    version = ListVersion("accredited", "v1", console.stage.clock.now(), "test", "list.csv", 1)
    console.stage.register.import_accredited([entry], version)
    for days, shown in ((75, ()), (5, ("20 February 2027",)), (20, ("Now: it is out of date",))):
        console.wait(days * 86_400.0)
        async with console.visitor("viewer") as http:
            page = (await http.get("/")).text
        assert ("Bring the list of accredited organisations up to date" in page) == bool(shown)
        assert all(each in page for each in shown)
