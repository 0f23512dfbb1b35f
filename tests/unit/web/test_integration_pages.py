"""Integrations on pages: registered, issued a secret that is shown once, brought live by two people, stopped; by whom."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from tests.unit.web.console_kit import Console, form_token, open_console
from tests.unit.web.records import RECORD
from tests.worlds import APP
from wardmail.model.integration import IntegrationState
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.model.registration import Contact
from wardmail.store.figures import CREDENTIAL
from wardmail.store.messages import Messages
from wardmail.store.secret_notes import StoreSecretNotes

HOSTILE = '"><script>alert(1)</script>\u202e{{7*7}}'
WHY = "as the board agreed"
TABS = ("", "/record", "/credentials", "/rules", "/receiving", "/webhooks", "/go-live")


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def kinds(console: Console) -> list[tuple[str, str]]:
    return [(each.kind, each.actor) for each in Messages(console.stage.database).audit(0, 1000)]


def state(console: Console, name: str) -> IntegrationState:
    return console.stage.register.snapshot().integrations[name].state


async def post(http: httpx2.AsyncClient, path: str, at: str = "", **fields: str) -> httpx2.Response:
    token = form_token(await http.get(at or path))
    return await http.post(path, data={"form_token": token, **fields})


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_all_and_does_what_it_may(console: Console, role: Role) -> None:
    may = PERMISSIONS[role]
    async with console.visitor(role.value) as http:
        for tab in TABS:
            page = await http.get(f"/integrations/app{tab}")
            assert page.status_code == 200
            assert page.text.count("<h1") == 1
        token = form_token(await http.get("/integrations/app"))
        for path, fields, needs in (
            ("/integrations/app/credentials", {"do": "issue", "known": "1"}, Permission.ISSUE_CREDENTIALS),
            ("/integrations/app", {"step": "suspend", "confirmed": "yes", "reason": WHY}, Permission.RUN_INTEGRATIONS),
            ("/integrations/app/record", {"purpose": "Else", "reason": WHY}, Permission.GOVERN_INTEGRATIONS),
        ):
            before = len(kinds(console))
            answer = await http.post(path, data={"form_token": token, **fields})
            assert (answer.status_code in {200, 303}) == (needs in may), (path, answer.status_code)
            assert (len(kinds(console)) > before) == (needs in may)


async def test_a_draft_is_registered_and_brought_live_by_two_people(console: Console) -> None:
    console.register("grace", Role.GOVERNANCE)
    async with console.visitor("owner") as first, console.visitor("grace") as second:
        fields = {"name": "letters", "title": "Letters", "route": "relay", "senders": "letters@trust.example"}
        answer = await post(first, "/new-integration", **fields)
        base = "/integrations/letters"
        assert answer.headers["location"] == f"{base}/go-live"
        assert (await post(first, f"{base}/record", **RECORD)).status_code == 303
        assert (await post(first, f"{base}/credentials", do="issue", known="0")).status_code == 200
        assert (await post(first, base, step="trial", reason=WHY)).status_code == 303
        assert state(console, "letters") is IntegrationState.TRIAL
        left = (await first.get(f"{base}/go-live")).text
        assert "Have a test message delivered" in left
        refused = await post(first, f"{base}/go-live", do="ask", matter="go-live", reason=WHY)
        assert refused.status_code == 409
        assert "It is not ready" in refused.text
        await _delivered(console, "letters")
        for task in re.findall(r'name="do" value="tick"><input type="hidden" name="task" value="([^"]+)"', left):
            assert (await post(first, f"{base}/go-live", do="tick", task=task, reason=WHY)).status_code == 303
        asked = await post(first, f"{base}/go-live", do="ask", matter="go-live", reason=WHY)
        assert asked.status_code == 303, asked.text
        own = await post(first, f"{base}/go-live", do="approve", matter="go-live", reason=WHY)
        assert own.status_code == 409
        assert "a yes is another person" in own.text
        assert state(console, "letters") is IntegrationState.TRIAL
        assert "Going live" in (await second.get(f"{base}/go-live")).text
        done = await post(second, f"{base}/go-live", do="approve", matter="go-live", reason=WHY)
        assert "Letters is live" in done.text
    assert state(console, "letters") is IntegrationState.LIVE
    assert [each for each in kinds(console) if each[0] in {"GoLiveAsked", "WentLive"}] == [
        ("GoLiveAsked", "owner"),
        ("WentLive", "grace"),
    ]


async def _delivered(console: Console, name: str) -> None:
    """As the queue has it when a message of its own was relayed."""
    await console.send("a@nhs.net")
    with console.stage.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE message SET integration_id = '{name}'")
        connection.exec_driver_sql("UPDATE recipient SET state = 'relayed'")


async def test_a_secret_is_shown_once_and_can_be_taken_back(console: Console) -> None:
    async with console.visitor("developer") as http:
        path = "/integrations/app/credentials"
        form = {"do": "issue", "known": "1", "days": "90", "networks": "10.1.0.0/16"}
        answers = await asyncio.gather(*(post(http, path, **form) for _ in range(4)))
        assert sorted(each.status_code for each in answers) == [200, 409, 409, 409], "sent at the same instant"
        (made,) = (each for each in answers if each.status_code == 200)
        (username, secret) = re.findall(r"<code>([^<]+)</code>", made.text)
        assert username == "app-2"
        assert made.headers["cache-control"] == "no-store"
        assert len(secret) == 43
        twice = await post(http, path, do="issue", known="1", days="90")
        assert twice.status_code == 409
        assert "No other was made" in twice.text
        again = await http.get(path)
        assert 'name="known" value="2"' in again.text
        assert secret not in again.text
        assert "10.1.0.0/16" in again.text
        assert (await post(http, path, do="issue", known="2", networks="nonsense")).status_code == 409
        question = await post(http, path, do="revoke", username=username)
        assert "Revoke the credential app-2?" in question.text
        assert console.stage.register.snapshot().credentials[username].revoked_at is None
        done = await post(http, path, do="revoke", username=username, confirmed="yes")
        assert done.status_code == 303
        assert (await post(http, path, do="revoke", username="nobody", confirmed="yes")).status_code == 404
    assert console.stage.register.snapshot().credentials[username].revoked_at is not None
    assert not any(secret in str(each) for each in Messages(console.stage.database).audit(0, 1000))


async def test_the_last_log_in_is_shown(console: Console) -> None:
    StoreSecretNotes(console.stage.database).used({f"{CREDENTIAL}app-1": console.stage.clock.at})
    async with console.visitor("viewer") as http:
        assert "12:" in (await http.get("/integrations/app/credentials")).text
        assert "Not seen" not in (await http.get("/integrations")).text


async def test_what_stops_mail_is_asked_twice_and_wrong_steps_are_told(console: Console) -> None:
    async with console.visitor("owner") as http:
        asked = await post(http, "/integrations/app", step="suspend", reason=WHY)
        assert "Yes, suspend it" in asked.text
        assert state(console, "app") is IntegrationState.LIVE
        unsaid = await post(http, "/integrations/app/go-live", do="tick")
        assert (unsaid.status_code, "There is a problem" in unsaid.text) == (422, True)
        for fields in ({"step": "suspend"}, {"step": "nonsense", "reason": WHY}):
            assert (await post(http, "/integrations/app", **fields)).status_code == 422
        assert (await post(http, "/integrations/app", step="resume", reason=WHY)).status_code == 409
        await post(http, "/integrations/app", step="suspend", reason=WHY, confirmed="yes")
        assert state(console, "app") is IntegrationState.SUSPENDED
        assert (await post(http, "/integrations/nobody", at="/integrations/app", step="suspend")).status_code == 404
        assert (await http.get("/integrations/nobody/go-live")).status_code == 404


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "Has Capitals"}, "is no name"),
        ({"name": "app"}, "There is an integration app already"),
        ({"route": "nowhere"}, "There is no route"),
        ({"senders": ""}, "needs an address"),
        ({"senders": "no address@"}, "is no sender"),
    ],
)
async def test_what_cannot_be_registered_is_said_and_what_was_typed_stays(
    console: Console, changed: dict[str, str], words: str
) -> None:
    fields = {"name": "letters", "title": HOSTILE, "route": "relay", "senders": "letters@trust.example", **changed}
    async with console.visitor("developer") as http:
        answer = await post(http, "/new-integration", **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert "letters" not in console.stage.register.snapshot().integrations


async def test_a_live_record_changes_with_a_reason_and_by_who_may(console: Console) -> None:
    async with console.visitor("governance") as http:
        path = "/integrations/app/record"
        assert "say why" in (await post(http, path, purpose="Else")).text
        wrong = await post(http, path, owner="nobody", reason=WHY)
        assert wrong.status_code == 422
        assert 'value="nobody"' in wrong.text
        assert (await post(http, path, purpose="Else", reason=WHY)).status_code == 303
    assert console.stage.register.snapshot().integrations["app"].registration.purpose == "Else"


async def test_a_hostile_record_does_nothing_on_any_tab(console: Console) -> None:
    record = replace(APP.registration, purpose=HOSTILE, owner=Contact(HOSTILE, "a@trust.example"))
    console.stage.save(replace(APP, name=HOSTILE, registration=record))
    async with console.visitor("owner") as http:
        for path in ("/integrations", *(f"/integrations/app{tab}" for tab in TABS)):
            text = (await http.get(path)).text
            assert "<script>alert" not in text, path
            assert "\u202e" not in text, path
