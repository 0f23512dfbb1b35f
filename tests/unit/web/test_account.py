"""What people do about their own log-in, and what neither they nor a security key of somebody else's can do."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.security_key import PRESENT, SoftKey, challenge_like
from tests.unit.web.console_kit import BASE, PASSWORD, Console, form_token, once_mark, open_console
from wardmail.manage.begun import LASTS
from wardmail.model.login import MOST_FAILURES
from wardmail.model.person import Role
from wardmail.store.messages import Messages
from wardmail.web.pages.guard import COOKIE
from wardmail.web.pages.log_in import ASKED


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for name in ("amina", "ben"):
            made.register(name, Role.VIEWER)
        yield made


def question(page: httpx2.Response) -> dict[str, Any]:
    found = re.search(r'data-question="([^"]+)"', page.text)
    assert found is not None, page.text
    asked: dict[str, Any] = json.loads(html.unescape(found[1]))
    return asked


async def post(http: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    token = form_token(await http.get("/account"))
    return await http.post(path, data={"form_token": token, **fields})


async def ask_new(http: httpx2.AsyncClient, name: str = "blue key", present: str = PASSWORD) -> httpx2.Response:
    return await post(http, "/account/keys", key_name=name, present=present)


async def add(http: httpx2.AsyncClient, key: SoftKey, **changed: Any) -> httpx2.Response:
    asked = question(await ask_new(http))
    origin = changed.pop("origin", BASE)
    return await post(http, "/account/keys/new", answer=key.create(asked, origin, **changed))


async def ask(
    console: Console, http: httpx2.AsyncClient, name: str = "amina", password: str = PASSWORD
) -> httpx2.Response:
    return await http.post("/log-in", data={"name": name, "password": password, "by": "key", "next": "/held"})


async def answer(http: httpx2.AsyncClient, text: str, name: str = "amina") -> httpx2.Response:
    return await http.post("/log-in/key", data={"name": name, "answer": text, "next": "/held"})


def kinds(console: Console) -> list[str]:
    return [each.kind for each in Messages(console.stage.database).audit(0, 1000)]


async def test_the_page_that_asks_for_a_key_says_that_it_keeps_a_cookie(console: Console) -> None:
    async with console.visitor("amina") as inside, console.visitor() as http:
        assert (await add(inside, SoftKey())).status_code == 303
        asked = await ask(console, http)
    assert "set-cookie" in asked.headers
    assert "keeps one cookie on your device for ten minutes" in asked.text
    assert "keeps nothing" not in asked.text


async def test_a_key_is_added_and_lets_in_and_a_removed_one_does_not(console: Console) -> None:
    key = SoftKey()
    async with console.visitor("amina") as inside, console.visitor() as http:
        assert (await add(inside, key)).status_code == 303
        assert "blue key" in (await inside.get("/account")).text
        asked = question(await ask(console, http))
        assert asked["userVerification"] == "required"
        got = await answer(http, key.get(asked, BASE))
        assert (got.status_code, got.headers["location"]) == (303, "/held")
        assert "security key" in (await http.get("/account")).text
        found = re.search(r'name="key" value="([^"]+)"', (await inside.get("/account")).text)
        assert found is not None
        await post(inside, "/account/keys/remove", key=found[1])
        assert (await ask(console, http)).status_code == 422
    assert {"SecurityKeyAdded", "SecurityKeyRemoved"} <= set(kinds(console))


async def test_a_key_that_does_not_count_serves_again_and_again(console: Console) -> None:
    key = SoftKey(counts=False)
    async with console.visitor("amina") as inside, console.visitor() as http:
        await add(inside, key)
        for _ in range(2):
            assert (await answer(http, key.get(question(await ask(console, http)), BASE))).status_code == 303


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://gw.test.evil.example"},
        {"origin": "http://gw.test"},
        {"host": "evil.example"},
        {"challenge": challenge_like("A" * 43)},
        {"kind": "webauthn.create"},
        {"key": ec.generate_private_key(ec.SECP256R1())},
    ],
)
async def test_what_was_signed_for_another_place_or_by_another_key_lets_nobody_in(
    console: Console, changed: dict[str, Any]
) -> None:
    key = SoftKey()
    async with console.visitor("amina") as inside, console.visitor() as http:
        await add(inside, key)
        origin = changed.get("origin", BASE)
        wrong = {name: value for name, value in changed.items() if name != "origin"}
        got = await answer(http, key.get(question(await ask(console, http)), origin, **wrong))
        assert got.status_code == 422
        assert COOKIE not in http.cookies


@pytest.mark.parametrize(
    "changed", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"challenge": challenge_like("A" * 43)}]
)
async def test_a_new_key_is_for_this_place_and_this_question(console: Console, changed: dict[str, Any]) -> None:
    async with console.visitor("amina") as inside:
        got = await add(inside, SoftKey(), **changed)
        assert got.status_code == 422
        assert "The key could not be added" in got.text


async def test_a_key_must_know_its_user(console: Console) -> None:
    key = SoftKey()
    async with console.visitor("amina") as inside, console.visitor() as http:
        assert (await add(inside, SoftKey(flags=PRESENT))).status_code == 422
        await add(inside, key)
        key.flags = PRESENT
        assert (await answer(http, key.get(question(await ask(console, http)), BASE))).status_code == 422


async def test_a_count_that_does_not_grow_is_a_copy(console: Console) -> None:
    key = SoftKey()
    async with console.visitor("amina") as inside, console.visitor() as http:
        await add(inside, key)
        await answer(http, key.get(question(await ask(console, http)), BASE))
        key.count -= 1
        assert (await answer(http, key.get(question(await ask(console, http)), BASE))).status_code == 422


async def test_a_question_serves_once_in_one_browser_and_not_for_ever(console: Console) -> None:
    key = SoftKey()
    async with console.visitor("amina") as inside, console.visitor() as http, console.visitor() as other:
        await add(inside, key)
        signed = key.get(question(await ask(console, http)), BASE)
        cookie = http.cookies[ASKED]
        assert (await answer(other, signed)).status_code == 422, "another browser"
        assert (await answer(http, signed)).status_code == 303
        other.cookies.set(ASKED, cookie, domain="gw.test")
        assert (await answer(other, key.get({"rpId": "gw.test", "challenge": "AA"}, BASE))).status_code == 422
        asked = question(await ask(console, http))
        console.wait(LASTS + 1)
        assert (await answer(http, key.get(asked, BASE))).status_code == 422


async def test_a_password_that_was_changed_meanwhile_begins_anew(console: Console) -> None:
    key = SoftKey()
    async with console.visitor("amina") as inside, console.visitor() as http:
        await add(inside, key)
        asked = question(await ask(console, http))
        console.logins.set_password("amina", "another hash", "owner", "test")
        assert (await answer(http, key.get(asked, BASE))).status_code == 422


async def test_a_key_of_somebody_else_does_not_serve_and_is_not_added_twice(console: Console) -> None:
    key, other = SoftKey(), SoftKey()
    async with console.visitor("amina") as inside, console.visitor("ben") as ben, console.visitor() as http:
        await add(inside, key)
        await add(ben, other)
        assert (await add(ben, key)).status_code == 422
        assert (await answer(http, other.get(question(await ask(console, http)), BASE))).status_code == 422


async def test_only_who_knows_the_password_learns_of_keys(console: Console) -> None:
    async with console.visitor("amina") as inside, console.visitor() as http:
        await add(inside, SoftKey())
        pages = [
            await ask(console, http, "amina", "wrong"),
            await ask(console, http, "ben", "wrong"),
            await ask(console, http, "ben"),
            await ask(console, http, "nobody"),
        ]
    texts = {re.sub(r'value="\w+"', "", page.text) for page in pages}
    assert len(texts) == 1
    assert "data-question" not in texts.pop()


@pytest.mark.parametrize(
    "text", ["", "{}", "[" * 20_000, "null", '{"rawId": 5}', '{"rawId": "é"}', '{"rawId":"AAAA","response":{}}']
)
async def test_an_answer_that_is_none_is_a_failure(console: Console, text: str) -> None:
    async with console.visitor("amina") as inside, console.visitor() as http:
        await add(inside, SoftKey())
        await ask(console, http)
        assert (await answer(http, text)).status_code == 422
        await ask_new(inside)
        assert (await post(inside, "/account/keys/new", answer=text)).status_code == 422


async def test_a_new_second_factor_of_the_owner_s_takes_the_keys_away(console: Console) -> None:
    async with console.visitor("amina") as inside, console.visitor() as http:
        await add(inside, SoftKey())
        console.logins.set_second_factor("amina", [], "owner", "the phone is lost")
        assert (await ask(console, http)).status_code == 422


async def test_eight_keys_that_fail_lock_the_account(console: Console) -> None:
    key = SoftKey()
    async with console.visitor("amina") as inside:
        await add(inside, key)
        for n in range(MOST_FAILURES):
            async with console.visitor(peer=f"192.0.2.{n}") as http:
                await answer(http, key.get(question(await ask(console, http)), "https://evil.example"))
        assert (await inside.get("/account")).status_code == 303
    assert "LogInLocked" in kinds(console)


async def test_the_present_password_is_asked_for_and_a_wrong_one_counts(console: Console) -> None:
    async with console.visitor("amina") as http:
        for path, fields in (
            ("/account/recovery-codes", {"once": console.mark(http)}),
            ("/account/password", {"new": "three other words"}),
            ("/account/keys", {"key_name": "k"}),
        ):
            got = await post(http, path, present="a wrong one", **fields)
            assert got.status_code == 422
            assert "not your present password" in got.text
        for _ in range(MOST_FAILURES - 3):
            await post(http, "/account/recovery-codes", present="a wrong one", once=console.mark(http))
        assert (await http.get("/account")).status_code == 303, "whoever sits at somebody's browser is thrown out"


async def test_new_codes_make_the_old_ones_void(console: Console) -> None:
    async with console.visitor("amina") as http, console.visitor() as other:
        form = {"present": PASSWORD, "once": once_mark(await http.get("/account"))}
        answers = await asyncio.gather(*(post(http, "/account/recovery-codes", **form) for _ in range(3)))
        assert sorted(each.status_code for each in answers) == [200, 422, 422], "pressed thrice"
        (got,) = (each for each in answers if each.status_code == 200)
        assert got.headers["cache-control"] == "no-store"
        codes = re.findall(r"<li>([0-9a-f-]{23})</li>", got.text)
        assert len(codes) == 10
        assert (await console.log_in(other, "amina", code=console.recovery[0])).status_code == 422
        assert (await console.log_in(other, "amina", code=codes[0])).status_code == 303


async def test_a_changed_password_ends_every_session_and_lets_in(console: Console) -> None:
    async with console.visitor("amina") as http, console.visitor("amina") as other:
        assert (await post(http, "/account/password", present=PASSWORD, new="short")).status_code == 422
        got = await post(http, "/account/password", present=PASSWORD, new="quite another phrase")
        assert got.status_code == 200
        assert (await other.get("/account")).status_code == 303
        assert (await console.log_in(other, "amina")).status_code == 422
        assert (await console.log_in(other, "amina", password="quite another phrase")).status_code == 303


async def test_somebody_ends_their_own_sessions_and_nobody_else_s(console: Console) -> None:
    async with console.visitor("amina") as here, console.visitor("amina") as there, console.visitor("ben") as ben:
        (bens,) = console.logins.sessions("ben")
        await post(here, "/account/sessions", session=bens.name)
        assert (await ben.get("/account")).status_code == 200
        await post(here, "/account/sessions", session="others")
        assert (await there.get("/account")).status_code == 303
        assert (await here.get("/account")).status_code == 200


async def test_a_key_s_name_is_text(console: Console) -> None:
    async with console.visitor("amina") as http:
        for name in ("", "x" * 61, "a\u202eb\n\x07"):
            assert (await ask_new(http, name)).status_code == 422
        asked = question(await ask_new(http, "<script>alert(1)</script>"))
        await post(http, "/account/keys/new", answer=SoftKey().create(asked, BASE))
        assert "&lt;script&gt;alert(1)" in (await http.get("/account")).text
