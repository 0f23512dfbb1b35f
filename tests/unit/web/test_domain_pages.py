"""Our own domains on pages: looked at when somebody asks, and what was found stays for the next who comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.web.console_kit import Console, form_token, open_console
from wardmail.model.person import Role


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


async def test_a_domain_is_looked_at_and_what_was_found_stays(console: Console) -> None:
    async with console.visitor("viewer") as http, console.visitor("owner") as other:
        listed = await http.get("/domains")
        assert "/domains/trust.example" in listed.text
        assert "Not looked at" in listed.text
        before = await http.get("/domains/trust.example")
        assert "Nobody has looked yet" in before.text
        assert "rsa._domainkey.trust.example. 3600 IN TXT" in before.text
        token = form_token(before)
        done = await http.post("/domains/trust.example", data={"form_token": token})
        assert done.headers["location"] == "/domains/trust.example"
        seen = (await other.get("/domains/trust.example")).text
        assert "2 look-ups of 10." in seen
        assert "2 keys, published as we sign." in seen
        assert "It only watches" in seen
        assert "ip4:192.0.2.0/24" in seen
        assert "Improve" in (await other.get("/domains")).text


async def test_a_silent_dns_says_nothing_about_the_domain(console: Console) -> None:
    async with console.visitor("viewer") as http:
        token = form_token(await http.get("/domains/team.example"))
        await http.post("/domains/team.example", data={"form_token": token})
        seen = (await http.get("/domains/team.example")).text
    assert "Cannot tell" in seen
    assert "needs fixing" not in seen


async def test_what_is_none_of_ours_is_not_asked_about(console: Console) -> None:
    async with console.visitor("owner") as http:
        assert (await http.get("/domains/else.example")).status_code == 404
        token = form_token(await http.get("/domains/trust.example"))
        assert (await http.post("/domains/else.example", data={"form_token": token})).status_code == 404
