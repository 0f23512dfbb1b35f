"""Who gets in, who does not, and what a browser is told to keep: log-in, sessions, forged forms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.unit.web.console_kit import BASE, PASSWORD, Console, form_token, open_console
from wardmail.model.login import IDLE, LOCKED_FOR, LONGEST, MOST_FAILURES
from wardmail.model.person import Person, Role
from wardmail.model.refusal import Unavailable
from wardmail.web.pages.forms import own_path
from wardmail.web.pages.guard import COOKIE


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        made.register("amina", Role.VIEWER)
        yield made


async def is_in(http: httpx2.AsyncClient) -> bool:
    return (await http.get("/messages")).status_code == 200


async def test_a_person_logs_in_sees_the_list_and_logs_out(console: Console) -> None:
    async with console.visitor() as http:
        asked = await http.get("/messages?q=a%40b.example")
        assert asked.status_code == 303
        assert asked.headers["location"] == "/log-in?next=%2Fmessages%3Fq%3Da%2540b.example"
        page = await http.get(asked.headers["location"])
        assert 'name="next" value="/messages?q=a%40b.example"' in page.text
        answer = await console.log_in(http, " Amina ", next="/messages?q=a%40b.example")
        assert (answer.status_code, answer.headers["location"]) == (303, "/messages?q=a%40b.example")
        shown = await http.get("/messages")
        assert "Amina (viewer)" in shown.text
        done = await http.post("/log-out", data={"form_token": form_token(shown)})
        assert "You are logged out" in done.text
        assert not await is_in(http)


async def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(console: Console) -> None:
    async with console.visitor() as http:
        cookie = (await console.log_in(http, "amina")).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for flag in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert len(cookie.partition("=")[2].partition(";")[0]) == 43


async def test_a_store_that_fails_in_the_middle_lets_nobody_in_and_says_so(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Unavailable("the store", "a test")

    async with console.visitor("amina") as http:
        monkeypatch.setattr(console.services.desk, "recognise", down)
        answer = await console.log_in(http, "amina")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "another password"},
        {"password": ""},
        {"code": "000000"},
        {"code": "0"},
        {"code": "wrong-wrong-wrong-wrong"},
        {"name": "nobody-here"},
        {"name": "newcomer"},
        {"name": "x" * 5000},
        {"name": "a\0b", "password": "\ud800\0".encode("utf-8", "surrogatepass").decode("utf-8", "replace")},
    ],
)
async def test_whatever_is_wrong_the_words_are_the_same(console: Console, wrong: dict[str, str]) -> None:
    console.register("newcomer", Role.OWNER)
    async with console.visitor() as http:
        name = wrong.pop("name", "amina")
        answer = await console.log_in(http, name, **wrong)
        assert answer.status_code == 422
        assert "Those details do not let you in." in answer.text
        assert "set-cookie" not in answer.headers
        assert wrong.get("password", PASSWORD) not in answer.text or not wrong.get("password", PASSWORD)


async def test_a_code_lets_in_once_and_a_recovery_code_too(console: Console) -> None:
    async with console.visitor() as one, console.visitor() as two:
        code = console.code()
        assert (await console.log_in(one, "amina", code=code)).status_code == 303
        assert (await console.log_in(two, "amina", code=code)).status_code == 422
        recovery = console.recovery[3].upper().replace("-", " ")
        assert (await console.log_in(two, "amina", code=recovery)).status_code == 303
        assert (await console.log_in(two, "amina", code=recovery)).status_code == 422


async def test_eight_failures_lock_and_throw_everybody_out_and_time_heals(console: Console) -> None:
    async with console.visitor("amina") as inside:
        for n in range(MOST_FAILURES):
            async with console.visitor(peer=f"192.0.2.{n}") as http:
                await console.log_in(http, "amina", password="guessed wrongly")
        assert not await is_in(inside)
        assert (await console.log_in(inside, "amina")).status_code == 422
        console.wait(LOCKED_FOR)
        assert (await console.log_in(inside, "amina")).status_code == 303


async def test_an_address_that_fails_often_waits(console: Console) -> None:
    async with console.visitor() as http:
        answers = [(await console.log_in(http, f"guess{n}")).status_code for n in range(21)]
        assert answers == [422] * 20 + [429]
    async with console.visitor(peer="198.51.100.1") as elsewhere:
        assert (await console.log_in(elsewhere, "amina")).status_code == 303


async def test_a_session_that_was_there_before_is_not_taken_over(console: Console) -> None:
    async with console.visitor() as http:
        http.cookies.set(COOKIE, "chosen-by-somebody-else", domain="gw.test")
        await console.log_in(http, "amina")
        first = http.cookies[COOKIE]
        assert first != "chosen-by-somebody-else"
        await console.log_in(http, "amina")
        assert http.cookies[COOKIE] != first
        http.cookies.set(COOKIE, first, domain="gw.test")
        assert not await is_in(http)


async def test_sessions_end_by_themselves(console: Console) -> None:
    async with console.visitor("amina") as http:
        for _ in range(int(LONGEST / (IDLE - 60))):
            console.wait(IDLE - 60)
            assert await is_in(http)
        console.wait(IDLE - 60)
        assert not await is_in(http)
    async with console.visitor("amina") as http:
        console.wait(IDLE)
        assert not await is_in(http)


@pytest.mark.parametrize("changed", [Person("amina", "Amina", left_at=1.0), Person("amina", "A", roles=(Role.OWNER,))])
async def test_who_left_or_has_other_roles_is_out_at_once(console: Console, changed: Person) -> None:
    async with console.visitor("amina") as http:
        console.people.save(changed, "owner")
        assert not await is_in(http)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": BASE, "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://gw.test", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://gw.test.evil.example"},
        {},
    ],
)
async def test_a_form_of_another_site_does_nothing(console: Console, headers: dict[str, str]) -> None:
    async with console.visitor("amina") as http:
        token = form_token(await http.get("/messages"))
        del http.headers["Origin"], http.headers["Sec-Fetch-Site"]
        assert (await http.post("/log-out", data={"form_token": token}, headers=headers)).status_code == 403
        assert (await http.post("/log-in", data={"name": "amina"}, headers=headers)).status_code == 403
        assert await is_in(http)


async def test_a_form_without_the_session_s_own_token_does_nothing(console: Console) -> None:
    console.register("ben", Role.OWNER)
    async with console.visitor("amina") as http, console.visitor("ben") as other:
        strange = form_token(await other.get("/messages"))
        for token in ("", "0" * 64, strange, "é"):
            assert (await http.post("/log-out", data={"form_token": token})).status_code == 403
        assert (await http.get("/log-out")).status_code in {404, 405}
        assert await is_in(http)


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "\\\\evil", "", "javascript:x",
     "/%0d%0aSet-Cookie:x", "/a\r\nb", "/" + "x" * 600],
)  # fmt: skip
async def test_the_log_in_leads_nowhere_else(console: Console, wanted: str) -> None:
    async with console.visitor() as http:
        location = (await console.log_in(http, "amina", next=wanted)).headers["location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\", "/\t"))
        assert "\n" not in location
        assert own_path(wanted) == location


async def test_a_form_has_a_limit(console: Console) -> None:
    async with console.visitor("amina") as http:
        for body in ("x=" + "y" * 70_000, "&".join(f"a{n}=1" for n in range(300))):
            answer = await http.post("/log-out", content=body)
            assert answer.status_code == 400
        assert await is_in(http)
