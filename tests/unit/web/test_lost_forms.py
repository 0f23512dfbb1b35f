"""What becomes of a form that is not taken: its words say what to do, and what somebody wrote is given back, but no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.web.console_kit import BASE, PASSWORD, Console, form_token, open_console
from wardmail.model.login import IDLE
from wardmail.model.person import Role
from wardmail.web import pages
from wardmail.web.pages.forms import SECRETS

RULES = "[[rule]]\nid = 'a <b>'"
ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        made.register("owner", Role.OWNER)
        yield made


async def test_what_was_written_is_given_back_when_the_session_had_ended(console: Console) -> None:
    async with console.visitor("owner") as http:
        token = form_token(await http.get("/policy/propose"))
        console.wait(IDLE + 1)
        fields = {"form_token": token, "rules": RULES, "reason": "two hours of work", "confirmed": "yes"}
        page = await http.post("/policy/propose", data=fields, headers={"Referer": f"{BASE}/policy/propose?a=b"})
    assert page.status_code == 401
    assert "nothing was changed" in page.text
    assert "two hours of work" in page.text
    assert "a &lt;b&gt;" in page.text
    assert token not in page.text
    assert 'href="/log-in?next=%2Fpolicy%2Fpropose%3Fa%3Db"' in page.text


async def test_the_same_when_somebody_logged_in_again_beside_it(console: Console) -> None:
    async with console.visitor("owner") as http:
        token = form_token(await http.get("/policy/propose"))
        await console.log_in(http, "owner")
        fields = {"form_token": token, "reason": "two hours of work"}
        page = await http.post("/policy/propose", data=fields)
    assert page.status_code == 403
    assert "two hours of work" in page.text
    assert "open it anew" in page.text


@pytest.mark.parametrize("name", ["", "owner"])
async def test_another_site_cannot_write_on_our_pages(console: Console, name: str) -> None:
    async with console.visitor(name) as http:
        headers = ELSEWHERE | {"Referer": "https://evil.example/held"}
        page = await http.post("/policy/propose", data={"reason": "Ring 0123 456"}, headers=headers)
    assert page.status_code in (401, 403)
    assert "Ring 0123" not in page.text
    assert "held" not in page.text.partition("<h1")[2].partition("</main>")[0]


async def test_no_password_is_shown_again(console: Console) -> None:
    async with console.visitor() as http:
        page = await http.post("/account/password", data={"present": PASSWORD, "new": "another good password"})
    assert page.status_code == 401
    assert PASSWORD not in page.text
    assert "another good" not in page.text


def test_every_field_for_a_secret_is_known_as_one() -> None:
    templates = (Path(pages.__file__).parents[1] / "templates").rglob("*.jinja")
    found = {name for each in templates for name in re.findall(r'passwordInput\(.*?"name": "(\w+)"', each.read_text())}
    assert {"password", "present", "new"} <= found <= SECRETS


async def test_an_address_that_is_no_page_is_told_in_words_to_people_only(console: Console) -> None:
    async with console.visitor() as http:
        page = await http.get("/mesages", headers={"Accept": "text/html,*/*;q=0.8"})
        assert page.status_code == 404
        assert "There is no such page" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for path, accept in (("/mesages", "*/*"), ("/v1/none", "text/html"), ("/mesages", "application/json")):
            answer = await http.get(path, headers={"Accept": accept})
            assert answer.status_code == 404
            assert "<h1" not in answer.text, path


async def test_a_page_that_is_only_sent_to_says_so(console: Console) -> None:
    async with console.visitor("owner") as http:
        page = await http.get("/account/recovery-codes")
        assert page.status_code == 405
        assert "Nothing was changed" in page.text


async def test_a_form_too_long_is_told_of_as_before(console: Console) -> None:
    async with console.visitor() as http:
        page = await http.post("/policy/propose", data={"reason": "x" * 70_000})
    assert page.status_code == 401
    assert "xxx" not in page.text
