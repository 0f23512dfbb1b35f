"""One box finds a message by what each role may know of it, and tells nobody more than that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.unit.web.api_kit import Api, opened
from tests.unit.web.console_kit import Console, open_console
from tests.worlds import HEAD
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.store.messages import Messages

LETTER = HEAD.replace(b"Hello", b"=?utf-8?q?Clinic_letter_for_Zo=C3=AB?=")
NAMED = LETTER + b"Message-ID: <7@epr.example>\r\nWardmail-Reference: EPR-7\r\n"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as made:
        yield made


async def found(http: httpx2.AsyncClient, typed: str, **narrowed: str) -> httpx2.Response:
    page = await http.get("/messages", params={"q": typed, **narrowed})
    assert page.status_code == 200
    return page


@pytest.mark.parametrize("role", Role)
async def test_who_may_read_content_finds_by_subject_and_nobody_else(console: Console, role: Role) -> None:
    message = await console.send("b@nhs.net", head=NAMED)
    may = Permission.READ_CONTENT in PERMISSIONS[role]
    async with console.visitor(role.value) as http:
        for typed in ("clinic zoe", '"Letter for Zoë"', "LETTER"):
            page = await found(http, typed)
            assert (f"/messages/{message}" in page.text) == may, typed
            assert ("No messages match." in page.text) != may
        for typed in ("<7@epr.example>", "7@epr.example", "epr-7", message, "b@nhs.net"):
            assert f"/messages/{message}" in (await found(http, typed)).text, typed
        page = await found(http, "epr-7")
        assert "Clinic letter" not in page.text
        assert "Zoë" not in page.text
        assert ("Your role does not find messages by their subject." in page.text) != may
        assert ("words of the subject" in (await http.get("/")).text) == may
    assert not [each for each in Messages(console.stage.database).audit(0, 1000) if each.kind == "ContentOpened"]


async def test_who_may_not_find_by_subject_is_told_the_same_whether_there_is_one_or_not(console: Console) -> None:
    await console.send("b@nhs.net", head=LETTER)
    async with console.visitor("viewer") as http:
        there, not_there = await found(http, "zoe"), await found(http, "zzz")
    assert there.text.replace("zoe", "zzz") == not_there.text


async def test_a_message_that_calls_itself_by_anothers_id_is_not_shown_in_its_place(console: Console) -> None:
    victim = await console.send("a@nhs.net")
    await console.send("b@nhs.net", head=HEAD + b"Wardmail-Reference: %b\r\n" % victim.encode())
    async with console.visitor("owner") as http:
        page = await http.get(f"/messages/{victim}")
        assert page.status_code == 200
        assert "a@nhs.net" in page.text
        assert "b@nhs.net" not in page.text


async def test_addresses_are_found_while_the_keystore_is_away(console: Console, tmp_path: Path) -> None:
    message = await console.send("b@nhs.net", head=LETTER)
    async with console.visitor("owner") as http:
        (tmp_path / "keystore.json").rename(tmp_path / "elsewhere.json")
        page = await found(http, "b@nhs.net")
        assert f"/messages/{message}" in page.text
        assert "Only addresses and queue IDs were looked for" in page.text
        assert "Only addresses and queue IDs were looked for" in (await found(http, "letter")).text


async def test_an_application_finds_its_message_by_its_own_names_and_not_by_the_subject(api: Api) -> None:
    sent = {"from": "app@trust.example", "to": ["a@nhs.net"], "subject": "Clinic letter", "reference": "EPR-7"}
    message = (await api.http.post("/v1/messages", json=sent, headers=api.key)).json()["id"]
    raw, kind = HEAD + b"Message-ID: <8@epr.example>\r\n\r\nHello\r\n", {"Content-Type": "message/rfc822"}
    where = "/v1/messages?from=app@trust.example&to=a@nhs.net"
    other = (await api.http.post(where, content=raw, headers=api.key | kind)).json()["id"]
    for typed, expected in (("epr-7", [message]), ("<8@epr.example>", [other]), ("letter", []), ("EPR", [])):
        items = (await api.http.get("/v1/messages", params={"q": typed}, headers=api.key)).json()["items"]
        assert [each["id"] for each in items] == expected, typed
        assert "EPR-7" not in str(items)
    head, _ = await api.stage.world.queue.read_content(message, 0)
    assert b"EPR-7" not in head, "a control field is sent to nobody"


@pytest.mark.parametrize("reference", ["Zoë 7", "x" * 200, "EPR " * 49, "<a@b.example>"])
async def test_any_reference_that_is_taken_is_found(api: Api, reference: str) -> None:
    sent = {"from": "app@trust.example", "to": ["a@nhs.net"], "reference": reference}
    message = (await api.http.post("/v1/messages", json=sent, headers=api.key)).json()["id"]
    items = (await api.http.get("/v1/messages", params={"q": reference}, headers=api.key)).json()["items"]
    assert [each["id"] for each in items] == [message]


@pytest.mark.parametrize("reference", ["two\nlines", "x" * 201, 7])
async def test_a_reference_that_is_none_is_refused(api: Api, reference: object) -> None:
    sent = {"from": "app@trust.example", "to": ["a@nhs.net"], "reference": reference}
    answer = await api.http.post("/v1/messages", json=sent, headers=api.key)
    assert (answer.status_code, answer.json()["code"]) == (422, "WM-REQUEST")
    assert answer.json()["errors"][0]["pointer"] == "/reference"
