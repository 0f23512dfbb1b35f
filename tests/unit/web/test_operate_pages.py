"""Quarantine, sources, settings and the sandbox on pages: who may, two people, what is wrong, what an enemy wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.inbound_desk import MESSAGE
from tests.unit.web.console_kit import Console, form_token, open_console
from tests.unit.web.records import BOX, LETTERS
from wardmail.edges.blinding import MonthlyBlinder
from wardmail.inbound.arrival import collected
from wardmail.model.arrival import ArrivalState
from wardmail.model.inspection import ScanOutcome, ScanReport
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.model.source import PlainPeer, SmtpTerms
from wardmail.model.verdict import Action
from wardmail.store.messages import Messages
from wardmail.store.register import StoreRegister
from wardmail.store.sources import StoreSources

HOSTILE = '"><script>alert(1)</script>\u202e'
WHY = "the ward knows the sender"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        for each in (LETTERS, BOX):
            StoreSources(made.stage.database).save_source(each, "test", "test")
        yield made


async def quarantined(console: Console, message: bytes = MESSAGE) -> str:
    desk = console.office
    desk.judges.action = Action.QUARANTINE
    arrived = collected(desk.world, BOX, message)
    await desk.arrivals.put([arrived])
    desk.workers.begin_arrived(arrived)
    await desk.settle()
    desk.workers._is_draining = False
    return arrived.arrival.id


async def decide(http: httpx2.AsyncClient, arrival_id: str, **changed: str) -> httpx2.Response:
    token = form_token(await http.get(f"/quarantine/{arrival_id}"))
    fields = {"form_token": token, "decision": "release", "reason": WHY, "confirmed": "yes", **changed}
    return await http.post(f"/quarantine/{arrival_id}", data=fields)


def kinds(console: Console) -> list[tuple[str, str]]:
    return [(each.kind, each.actor) for each in Messages(console.stage.database).audit(0, 1000)]


async def test_two_people_release_from_quarantine(console: Console) -> None:
    console.register("grace", Role.GOVERNANCE)
    arrival_id = await quarantined(console)
    async with console.visitor("governance") as first, console.visitor("grace") as second:
        assert "a@nhs.net" not in (await first.get("/held")).text
        listed = await first.get("/quarantine")
        assert f"/quarantine/{arrival_id}" in listed.text
        shown = await first.get(f"/quarantine/{arrival_id}")
        assert "because a test says so" in shown.text
        asked = await decide(first, arrival_id, confirmed="")
        assert "Release this message?" in asked.text
        assert await console.office.state(arrival_id) is ArrivalState.QUARANTINED
        assert "Another person must agree" in (await decide(first, arrival_id)).text
        assert "Another person must agree" in (await decide(first, arrival_id)).text, "one is not two"
        assert "governance would release it" in (await second.get(f"/quarantine/{arrival_id}")).text
        assert "The message is released" in (await decide(second, arrival_id)).text
        assert (await second.get(f"/quarantine/{arrival_id}")).status_code == 404
    assert await console.office.state(arrival_id) is ArrivalState.HANDING_OVER
    assert ("QuarantineReleased", "grace") in kinds(console)


async def test_why_is_never_empty(console: Console) -> None:
    arrival_id = await quarantined(console)
    async with console.visitor("viewer") as http:
        for path in ("/quarantine", f"/quarantine/{arrival_id}"):
            assert "a kind of file or a scanner" in (await http.get(path)).text


async def test_malware_is_released_by_nobody(console: Console) -> None:
    console.register("grace", Role.GOVERNANCE)
    arrival_id = await quarantined(console)
    console.office.judges.scan = ScanReport("clamd", ScanOutcome.FOUND, ("Eicar",))
    async with console.visitor("governance") as first, console.visitor("grace") as second:
        await decide(first, arrival_id)
        refused = await decide(second, arrival_id)
    assert refused.status_code == 409
    assert "Eicar" in refused.text
    assert await console.office.state(arrival_id) is ArrivalState.QUARANTINED


async def test_what_nobody_wants_goes_to_nobody(console: Console) -> None:
    arrival_id = await quarantined(console)
    async with console.visitor("governance") as http:
        assert "Nobody gets the message" in (await decide(http, arrival_id, decision="delete")).text
        assert "Nothing is kept back" in (await http.get("/quarantine")).text
    assert await console.office.state(arrival_id) is ArrivalState.DELETED


@pytest.mark.parametrize("changed", [{"reason": " a "}, {"decision": ""}, {"decision": "burn"}])
async def test_a_decision_needs_to_be_one(console: Console, changed: dict[str, str]) -> None:
    arrival_id = await quarantined(console)
    async with console.visitor("governance") as http:
        answer = await decide(http, arrival_id, **changed)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert await console.office.state(arrival_id) is ArrivalState.QUARANTINED


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_and_does_what_it_may(console: Console, role: Role) -> None:
    arrival_id, may = await quarantined(console), PERMISSIONS[role]
    async with console.visitor(role.value) as http:
        for path in (
            "/quarantine",
            f"/quarantine/{arrival_id}",
            "/sources",
            "/sources/results",
            "/settings",
            "/sandbox",
        ):
            page = await http.get(path)
            assert page.status_code == 200, path
            assert page.text.count("<h1") == 1
        shown = await http.get(f"/quarantine/{arrival_id}")
        assert ("because a test says so" in shown.text) == (Permission.READ_CONTENT in may)
        token = form_token(shown)
        for path, needed, fields in (
            (f"/quarantine/{arrival_id}", Permission.RELEASE_HOLDS, {"decision": "release", "reason": WHY}),
            ("/sources/results", Permission.CHANGE_ROUTES, {"paused": "yes", "reason": WHY}),
            ("/sandbox", Permission.OPERATE_QUEUE, {"act": "slow"}),
        ):
            answer = await http.post(path, data={"form_token": token, **fields})
            assert answer.status_code == (200 if needed in may else 403), path


async def test_a_source_is_paused_and_taken_into_use_again(console: Console) -> None:
    register = StoreRegister(console.stage.database)
    async with console.visitor("mail-operator") as http:
        token = form_token(await http.get("/sources/letters"))
        said = await http.post("/sources/letters", data={"form_token": token, "paused": "yes", "reason": WHY})
        assert "letters is paused" in said.text
        assert register.snapshot().sources["letters"] == replace(LETTERS, paused=True)
        assert "Paused" in (await http.get("/sources")).text
        short = await http.post("/sources/letters", data={"form_token": token, "paused": "no", "reason": "x"})
        assert short.status_code == 422
        await http.post("/sources/letters", data={"form_token": token, "paused": "no", "reason": WHY})
        assert register.snapshot().sources["letters"] == LETTERS
        assert (await http.get("/sources/nothing")).status_code == 404
    assert [each for each in kinds(console) if each[0].startswith("Source")][2:] == [
        ("SourcePaused", "mail-operator"),
        ("SourceResumed", "mail-operator"),
    ]


async def test_what_an_enemy_wrote_is_text(console: Console) -> None:
    console.office.judges.scan = ScanReport("clamd", ScanOutcome.CLEAN, (HOSTILE,))
    arrival_id = await quarantined(console, b"From: <script>alert(1)</script>@x.example\r\n\r\n" + HOSTILE.encode())
    peer = PlainPeer("10.0.0.0/8", date(2027, 1, 1), HOSTILE, HOSTILE)
    source = replace(LETTERS, smtp=SmtpTerms((HOSTILE,), (peer,)))
    StoreSources(console.stage.database).save_source(source, "test", HOSTILE)
    async with console.visitor("owner") as http:
        for path in ("/quarantine", f"/quarantine/{arrival_id}", "/sources", "/sources/letters"):
            text = (await http.get(path)).text
            assert "<script>alert" not in text
            assert "\u202e" not in text


async def test_settings_are_shown_with_where_they_come_from_and_no_secret(console: Console) -> None:
    async with console.visitor("viewer") as http:
        page = await http.get("/settings")
    assert "retention.days" in page.text
    assert "default" in page.text
    assert "db.example/mail" in page.text
    assert "hunter2" not in page.text


async def test_what_the_sandbox_plays_is_chosen_on_its_page(console: Console) -> None:
    async with console.visitor("mail-operator") as http:
        token = form_token(await http.get("/sandbox"))
        wrong = await http.post("/sandbox", data={"form_token": token, "act": "nonsense"})
        assert wrong.status_code == 422
        done = await http.post("/sandbox", data={"form_token": token, "act": "certificate-expired"})
        assert "certificate has expired, from the next attempt on" in done.text
    assert ("SandboxActChosen", "mail-operator") in kinds(console)


async def test_mail_that_came_in_is_found_by_who_may(console: Console) -> None:
    """By words of the subject only by who may read content; and nothing of the subject is shown."""
    console.office.arrivals._clues._blinder = MonthlyBlinder(console.stage.keystore)
    head = b"Subject: Discharge of Ann\r\nMessage-ID: <L1@clinic.example>\r\nFrom: a@nhs.net\r\n\r\nx\r\n"
    kept = await quarantined(console, head)
    await quarantined(console)
    async with console.visitor("viewer") as viewer, console.visitor("governance") as reader:
        whole = await viewer.get("/received")
        assert "Showing 2 messages" in whole.text
        assert f"/quarantine/{kept}" in whole.text
        for http, typed, count in (
            (reader, "discharge ann", 1),
            (viewer, "discharge ann", 0),
            (viewer, "<L1@clinic.example>", 1),
            (viewer, kept, 1),
            (reader, "discharge bob", 0),
            (reader, "\x00\udcff", 0),
        ):
            found = await http.get(f"/received?q={quote(typed.encode('utf-8', 'surrogatepass'))}")
            assert (found.status_code, found.text.count("/quarantine/")) == (200, count), typed
            assert "Discharge of" not in found.text
        assert "Your role does not find messages by their subject" in whole.text
        assert "Showing 2" in (await reader.get("/received?status=quarantined")).text
        assert "No mail that came in matches" in (await reader.get("/received?status=dead-letter")).text
        assert (await reader.get("/received?after=nonsense")).status_code == 404
        hostile = await reader.get("/received", params={"q": HOSTILE})
        assert "<script>alert" not in hostile.text
