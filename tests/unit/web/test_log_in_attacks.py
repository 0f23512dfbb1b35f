"""What somebody may try at the log-in who knows the password, owns other sites, or sits behind the same address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.unit.web.console_kit import BASE, PASSWORD, SECRET, Console, form_token, open_console
from wardmail.model.login import MOST_FAILURES
from wardmail.model.person import Role
from wardmail.protect.one_time_code import STEP, code_at


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        made.register("boss", Role.OWNER)
        made.register("amina", Role.VIEWER)
        yield made


@pytest.mark.parametrize("kind", ["code", "recovery code"])
async def test_of_many_that_come_with_one_code_at_once_one_gets_in(console: Console, kind: str) -> None:
    """From several addresses, so that only the code stands in the way."""
    code = console.code() if kind == "code" else console.recovery[0]
    form = {"name": "amina", "password": PASSWORD, "code": code}

    async def attempt(n: int) -> int:
        async with console.visitor(peer=f"192.0.2.{n}") as http:
            return (await http.post("/log-in", data=form)).status_code

    assert sorted(await asyncio.gather(*map(attempt, range(5)))) == [303, 422, 422, 422, 422]
    assert len(console.logins.sessions("amina")) == 1


async def test_a_code_of_before_the_newest_one_is_over_though_its_time_is_not(console: Console) -> None:
    now = console.code()
    before = code_at(SECRET, int(console.stage.clock.at) // STEP - 1)
    async with console.visitor() as http:
        assert (await console.log_in(http, "amina", code=now)).status_code == 303
        for each in (before, now):
            assert (await console.log_in(http, "amina", code=each)).status_code == 422


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}, {"Origin": "https://gw.test.evil.example"}])
async def test_a_form_of_another_site_does_nothing_whatever_it_calls_itself(
    console: Console, kind: str, headers: dict[str, str]
) -> None:
    async with console.visitor("boss") as http:
        body = f"form_token={form_token(await http.get('/account'))}&session=others"
        bare = httpx2.AsyncClient(transport=http._transport, base_url=BASE, cookies=http.cookies)
        sent = {"Content-Type": kind, **headers}
        assert (await bare.post("/account/sessions", content=body, headers=sent)).status_code == 403
        assert (await bare.post("/log-in", content=body, headers=sent)).status_code == 403


async def test_nobody_is_another_address_by_saying_so(console: Console) -> None:
    async with console.visitor() as http:
        for n in range(MOST_FAILURES):
            said = {
                "X-Forwarded-For": f"198.51.100.{n}",
                "Forwarded": f"for=198.51.100.{n}",
                "X-Real-IP": "198.51.100.1",
            }
            form = {"name": "nobody", "password": "a wrong password", "code": "123456"}
            assert (await http.post("/log-in", data=form, headers=said)).status_code == 422
        assert (await http.post("/log-in", data=form, headers=said)).status_code == 429
    peers = {str(detail["peer"]) for _, detail in console.events("LogInFailed")}
    assert peers == {"192.0.2.9"}


@pytest.mark.parametrize("host", ["evil.example", "gw.test:1@evil.example", "evil.example\\", ""])
async def test_no_answer_leads_to_the_host_that_a_request_names(console: Console, host: str) -> None:
    async with console.visitor() as http:
        for path in ("/messages?a=b", "//evil.example/x", "/log-in/../messages"):
            answer = await http.get(path, headers={"Host": host})
            assert "evil.example" not in answer.headers.get("location", "").replace("%2F%2Fevil.example%2Fx", "")
        got = await console.log_in(http, "amina", next="//evil.example")
        assert got.headers["location"] == "/"


async def test_what_is_about_people_is_kept_by_no_cache(console: Console) -> None:
    async with console.visitor("boss") as http:
        for path in ("/", "/messages", "/people", "/people/amina", "/account", "/settings", "/evidence", "/nowhere"):
            answer = await http.get(path, headers={"Accept": "text/html"})
            assert answer.headers["cache-control"] == "no-store", path
