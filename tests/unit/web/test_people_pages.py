"""What an owner does about people on the pages: the same rules as at the command line, and an event for each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from tests.unit.web.console_kit import PASSWORD, Console, form_token, once_mark, open_console
from wardmail.manage.account import FRESH
from wardmail.model.login import MOST_FAILURES
from wardmail.model.person import Permission, Person, Role
from wardmail.store.messages import Messages
from wardmail.store.schema_of_logins import login

WHY = "as was agreed"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        made.register("boss", Role.OWNER)
        made.register("amina", Role.VIEWER)
        yield made


async def act(http: httpx2.AsyncClient, person: str, **fields: str) -> httpx2.Response:
    token = form_token(await http.get("/people"))
    return await http.post(f"/people/{person}", data={"form_token": token, "reason": WHY, **fields})


def person(console: Console, name: str) -> Person:
    found = console.people.one(name)
    assert found is not None
    return found


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
async def test_only_who_may_manage_people_sees_them(console: Console, role: Role) -> None:
    console.register("other", role)
    async with console.visitor("other") as http:
        for path in ("/people", "/people/amina"):
            page = await http.get(path)
            assert page.status_code == 403
            assert Permission.MANAGE_PEOPLE.words in page.text
        token = form_token(await http.get("/account"))
        for path in ("/people", "/people/other"):
            form = {"form_token": token, "act": "change", "role_owner": "yes", "reason": WHY, "full_name": "Other"}
            assert (await http.post(path, data=form)).status_code == 403
    assert person(console, "other").roles == (role,)


async def test_a_person_is_added_given_a_log_in_and_gets_in(console: Console) -> None:
    async with console.visitor("boss") as http, console.visitor() as theirs:
        form = {"form_token": form_token(await http.get("/people")), "person": "cora", "full_name": "Cora Bell"}
        for wrong in ({}, {"role_viewer": "yes", "person": "amina"}, {"role_viewer": "yes", "person": "No Name"}):
            assert (await http.post("/people", data=form | wrong)).status_code == 422
        made = await http.post("/people", data=form | {"role_viewer": "yes"})
        assert made.status_code == 200
        assert person(console, "cora").key_hash
        assert (await act(http, "cora", act="password", new="short")).status_code == 422
        assert (await act(http, "cora", act="password", new=PASSWORD)).status_code == 303
        shown = await act(http, "cora", act="second-factor", once=console.mark(http))
        codes = re.findall(r"<li>([0-9a-f-]{23})</li>", shown.text)
        assert shown.headers["cache-control"] == "no-store"
        assert (await console.log_in(theirs, "cora", code=codes[0])).status_code == 303
        assert "recovery code" in (await http.get("/people/cora")).text


async def test_roles_change_at_once_and_one_owner_stays(console: Console) -> None:
    async with console.visitor("boss") as http, console.visitor("amina") as theirs:
        assert (await act(http, "amina", act="change", full_name="Amina", role_governance="yes")).status_code == 303
        assert person(console, "amina").roles == (Role.GOVERNANCE,)
        assert (await theirs.get("/account")).status_code == 303
        got = await act(http, "boss", act="change", full_name="Boss", role_viewer="yes")
        assert got.status_code == 422
        assert "nobody with the role owner" in got.text
        assert (await act(http, "boss", act="leave", sure="yes")).status_code == 422
        assert (await act(http, "amina", act="change", full_name="A\x07", role_viewer="yes")).status_code == 422


async def test_a_locked_person_is_seen_and_unlocked(console: Console) -> None:
    async with console.visitor("boss") as http, console.visitor() as theirs:
        for _ in range(MOST_FAILURES):
            console.logins.fail("amina", "192.0.2.1")
        assert "Locked" in (await http.get("/people")).text
        assert (await console.log_in(theirs, "amina")).status_code == 422
        assert (await act(http, "amina", act="unlock")).status_code == 303
        assert (await console.log_in(theirs, "amina")).status_code == 303


async def test_sessions_are_ended_and_who_left_is_gone(console: Console) -> None:
    async with console.visitor("boss") as http, console.visitor("amina") as theirs:
        assert (await act(http, "amina", act="sign-out")).status_code == 303
        assert (await theirs.get("/account")).status_code == 303
        assert (await act(http, "amina", act="leave")).status_code == 422
        assert (await act(http, "amina", act="leave", sure="yes")).status_code == 303
        assert not person(console, "amina").is_here
        assert (await http.get("/people/amina")).status_code == 404
        assert (await act(http, "amina", act="unlock")).status_code == 404
        assert (await console.log_in(theirs, "amina")).status_code == 422


async def test_one_session_of_somebody_is_ended_and_no_other(console: Console) -> None:
    async with console.visitor("boss") as http, console.visitor("amina") as one, console.visitor("amina") as two:
        newest = console.logins.sessions("amina")[0]
        assert (await act(http, "boss", session=newest.name)).status_code == 303
        assert (await two.get("/account")).status_code == 200, "it is not the boss's"
        assert (await act(http, "amina", session=newest.name)).status_code == 303
        assert (await two.get("/account")).status_code == 303
        assert (await one.get("/account")).status_code == 200
    ended = [each for each in Messages(console.stage.database).audit(0, 1000) if each.kind == "LoggedOut"]
    assert [(each.actor, each.subject) for each in ended] == [("boss", "amina")]


async def test_a_suspect_is_put_out_while_the_keystore_is_away(console: Console) -> None:
    async with console.visitor("boss") as http, console.visitor("amina") as theirs, console.visitor("amina") as other:
        console.factors.is_away = True
        assert "cannot be told just now" in (await http.get("/people/amina")).text
        newest = console.logins.sessions("amina")[0]
        assert (await act(http, "amina", session=newest.name)).status_code == 303
        assert (await act(http, "amina", act="sign-out")).status_code == 303
        for each in (theirs, other):
            assert (await each.get("/account")).status_code == 303
        assert (await http.get("/account")).status_code == 200
        assert (await act(http, "amina", act="leave", sure="yes")).status_code == 303
        assert not person(console, "amina").is_here


async def test_a_second_factor_that_is_asked_for_twice_at_once_is_made_once(console: Console) -> None:
    async with console.visitor("boss") as http, console.visitor() as theirs:
        page = await http.get("/people/amina")
        fields = {"form_token": form_token(page), "act": "second-factor", "reason": WHY, "once": once_mark(page)}
        answers = await asyncio.gather(*(http.post("/people/amina", data=fields) for _ in range(3)))
        assert sorted(each.status_code for each in answers) == [200, 422, 422]
        (shown,) = (each.text for each in answers if each.status_code == 200)
        code = re.findall(r"<li>([0-9a-f-]{23})</li>", shown)[0]
        assert (await console.log_in(theirs, "amina", code=code)).status_code == 303
    made = [each for each in Messages(console.stage.database).audit(0, 1000) if each.kind == "SecondFactorSet"]
    assert [each.actor for each in made if each.actor == "boss"] == ["boss"]


async def test_a_second_factor_that_cannot_be_kept_leaves_everything_as_it_was(console: Console) -> None:
    async with console.visitor("boss") as http, console.visitor("amina") as theirs:
        console.factors.is_away = True
        assert (await act(http, "amina", act="second-factor", once=console.mark(http))).status_code == 503
        assert (await theirs.get("/account")).status_code == 200
    kept = console.logins.find("amina")
    assert kept is not None
    assert kept.recovery_left == 10


@pytest.mark.parametrize("fields", [{"act": ""}, {"act": "__init__"}, {"act": "unlock", "reason": " "}])
async def test_nothing_is_done_without_a_choice_and_a_reason(console: Console, fields: dict[str, str]) -> None:
    before = len(Messages(console.stage.database).audit(0, 1000))
    async with console.visitor("boss") as http:
        assert (await act(http, "amina", **fields)).status_code == 422
        assert (await http.post("/people/amina", data={"act": "unlock", "reason": WHY})).status_code == 403
    assert [each.kind for each in Messages(console.stage.database).audit(0, 1000)][before:] == ["LoggedIn"]


async def test_a_key_is_revoked_with_a_reason_and_stops_at_once(console: Console) -> None:
    console.people.save(replace(person(console, "amina"), key_hash=b"k" * 32), "test")
    async with console.visitor("boss") as http, console.visitor("amina") as theirs:
        assert "Revoke the key" in (await http.get("/people/amina")).text
        assert (await act(http, "amina", act="revoke-key", reason="")).status_code == 422
        assert person(console, "amina").key_hash
        assert (await act(http, "amina", act="revoke-key")).status_code == 303
        assert person(console, "amina").key_hash == b""
        assert (await theirs.get("/account")).status_code == 303
        assert "Revoke the key" not in (await http.get("/people/amina")).text
        again = await act(http, "amina", act="revoke-key")
        assert (again.status_code, "has no key" in again.text) == (422, True)
    actor, detail = console.events("PersonSaved")[-1]
    assert (actor, detail["has_key"], detail["reason"]) == ("boss", False, WHY)


OTHER = "four other random words"
GRAVE = (
    {"act": "password", "new": OTHER},
    {"act": "second-factor"},
    {"act": "change", "full_name": "Amina", "role_viewer": "yes", "role_owner": "yes"},
)


def kept(console: Console) -> tuple[Person, object, object]:
    login = console.logins.find("amina")
    return person(console, "amina"), login and login.password_hash, len(console.events("SecondFactorSet"))


@pytest.mark.parametrize("fields", GRAVE)
async def test_what_gives_power_or_a_way_in_takes_ones_own_password_after_ten_minutes(
    console: Console, fields: dict[str, str]
) -> None:
    async with console.visitor("boss") as http:
        console.stage.clock.at += FRESH
        assert "Your own password" in (await http.get("/people/amina")).text
        before, marked = kept(console), fields | {"once": console.mark(http)}
        asked = await act(http, "amina", **marked)
        assert (asked.status_code, "type your own password" in asked.text) == (422, True)
        wrong = await act(http, "amina", **marked, present="not the password")
        assert (wrong.status_code, "not your present password" in wrong.text) == (422, True)
        assert OTHER not in asked.text + wrong.text
        at = f"present-{fields['act']}"
        assert f'href="#{at}"' in asked.text
        assert f'id="{at}"' in asked.text
        assert kept(console) == before
        failed = console.logins.find("boss")
        assert failed is not None
        assert failed.failures == 1, "who only left the box empty guessed nothing"
        assert (await act(http, "amina", **marked, present=PASSWORD)).status_code in (200, 303)
        assert kept(console) != before


@pytest.mark.parametrize("fields", GRAVE)
async def test_in_the_first_ten_minutes_nobody_is_asked_again(console: Console, fields: dict[str, str]) -> None:
    async with console.visitor("boss") as http:
        console.stage.clock.at += FRESH - 1
        assert "Your own password" not in (await http.get("/people/amina")).text
        assert (await act(http, "amina", **fields, once=console.mark(http))).status_code in (200, 303)


async def test_nobody_is_added_from_a_browser_that_was_left_open(console: Console) -> None:
    async with console.visitor("boss") as http:
        console.stage.clock.at += FRESH
        form = {
            "form_token": form_token(await http.get("/people")),
            "person": "mal",
            "full_name": "Mal",
            "role_owner": "yes",
        }
        asked = await http.post("/people", data=form)
        assert (asked.status_code, 'value="Mal"' in asked.text) == (422, True)
        assert console.people.one("mal") is None
        assert (await http.post("/people", data=form | {"present": PASSWORD})).status_code == 200


async def test_what_takes_power_away_is_done_at_once_whenever_one_logged_in(console: Console) -> None:
    console.register("gwen", Role.GOVERNANCE)
    console.people.save(replace(person(console, "gwen"), key_hash=b"k" * 32, roles=(Role.GOVERNANCE, Role.VIEWER)), "t")
    async with console.visitor("boss") as http:
        console.stage.clock.at += FRESH
        fewer = {"act": "change", "full_name": "Gwen", "role_viewer": "yes"}
        for fields in (fewer, {"act": "revoke-key"}, {"act": "sign-out"}, {"act": "leave", "sure": "yes"}):
            assert (await act(http, "gwen", **fields)).status_code == 303, fields


async def test_who_guesses_at_somebody_elses_browser_is_logged_out_of_it(console: Console) -> None:
    async with console.visitor("boss") as http:
        console.stage.clock.at += FRESH
        fields = {"act": "password", "new": OTHER, "present": "a guess of mine"}
        token = form_token(await http.get("/people"))
        for _ in range(MOST_FAILURES):
            await http.post("/people/amina", data={"form_token": token, "reason": WHY, **fields})
        assert (await http.get("/people")).status_code == 303


async def test_who_has_no_password_here_logs_in_anew(console: Console) -> None:
    async with console.visitor("boss") as http:
        with console.stage.database.write() as connection:
            connection.execute(update(login).where(login.c.person_id == "boss").values(password_hash=""))
        console.stage.clock.at += FRESH
        assert "Log out and log in again" in (await http.get("/people/amina")).text
        for present in ("", PASSWORD):
            answer = await act(http, "amina", act="password", new=OTHER, present=present)
            assert (answer.status_code, "organisation" in answer.text) == (422, True)


async def test_what_was_typed_into_a_change_is_given_back(console: Console) -> None:
    async with console.visitor("boss") as http:
        form = {"act": "change", "full_name": "Amina <b>Khan", "email": "no address", "role_developer": "yes"}
        page = (await act(http, "amina", **form)).text
        assert 'value="Amina &lt;b&gt;Khan"' in page
        assert re.search(r'name="role_developer"[^>]*checked', page)
