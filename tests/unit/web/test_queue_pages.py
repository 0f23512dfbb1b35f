"""Queue, webhooks and evidence on pages: who may, what is asked again, what is wrong, and what an enemy wrote."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.unit.web.console_kit import Console, form_token, open_console
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.model.webhook_endpoint import Telling, WebhookEndpoint
from wardmail.store.messages import Messages, Search
from wardmail.store.webhooks import StoreWebhooks

WHY = "the receiver telephoned"
HOSTILE = "https://x.example/'\"><script>alert(1)</script>"
ENDPOINT = WebhookEndpoint("wh1", "app", "https://app.example/hook", ("keystore:x",))


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def webhooks(console: Console) -> StoreWebhooks:
    return StoreWebhooks(console.stage.database)


def states(console: Console, message_id: str) -> list[str]:
    return [line.state for line in Messages(console.stage.database).search(Search(message_id))]


async def post(http: httpx2.AsyncClient, page: str, to: str, **fields: str) -> httpx2.Response:
    return await http.post(to, data={"form_token": form_token(await http.get(page)), **fields})


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_and_does_what_it_may(console: Console, role: Role) -> None:
    message_id, may = await console.send("anna@nhs.net"), PERMISSIONS[role]
    webhooks(console).add(ENDPOINT, "test")
    async with console.visitor(role.value) as http:
        for path in ("/queue", f"/queue/{message_id}", "/webhooks", "/webhooks/wh1", "/evidence"):
            page = await http.get(path)
            assert page.status_code == 200, path
            assert page.text.count("<h1") == 1
        assert ("Take a pack" in page.text) == (Permission.TAKE_EVIDENCE in may)
        assert ("Webhook added by test" in page.text) == (Permission.TAKE_EVIDENCE in may)
        token = form_token(page)
        for path, needed, fields in (
            (f"/queue/{message_id}", Permission.OPERATE_QUEUE, {"decision": "retry"}),
            ("/queue/flush", Permission.OPERATE_QUEUE, {"confirmed": "yes"}),
            ("/webhooks/wh1", Permission.OPERATE_QUEUE, {"do": "pause", "reason": WHY}),
            ("/evidence/verify", Permission.TAKE_EVIDENCE, {}),
            ("/evidence/packs", Permission.TAKE_EVIDENCE, {"kind": "dspt", "reason": WHY}),
        ):
            answer = await http.post(path, data={"form_token": token, **fields})
            assert answer.status_code == (200 if needed in may else 403), path


async def test_the_queue_is_shown_by_domain_and_tried_after_a_second_look(console: Console) -> None:
    await console.send("anna@nhs.net")
    await console.send("bob@leeds.nhs.uk", "cora@leeds.nhs.uk")
    async with console.visitor("mail-operator") as http:
        page = await http.get("/queue")
        assert "3 copies wait" in page.text
        assert "leeds.nhs.uk" in page.text
        only = await http.get("/queue", params={"domain": "leeds.nhs.uk"})
        assert "bob@leeds.nhs.uk" in only.text
        assert "anna@nhs.net" not in only.text
        asked = await post(http, "/queue", "/queue/flush", domain="leeds.nhs.uk")
        assert "Try everything to leeds.nhs.uk now?" in asked.text
        done = await post(http, "/queue", "/queue/flush", domain="leeds.nhs.uk", confirmed="yes")
        assert "2 copies are tried now" in done.text
        nothing = await post(http, "/queue", "/queue/flush", domain="nobody.example")
        assert nothing.status_code == 409


async def test_a_message_that_waits_is_held_or_stopped_with_a_reason(console: Console) -> None:
    held, stopped = await console.send("anna@nhs.net"), await console.send("bob@nhs.net")
    async with console.visitor("mail-operator") as http:
        page = f"/queue/{held}"
        without = await post(http, page, page, decision="hold")
        assert without.status_code == 422
        assert "Done, for 1 copy" in (await post(http, page, page, decision="hold", reason=WHY)).text
        assert states(console, held) == ["held"]
        assert (await http.get(page)).status_code == 404
        page = f"/queue/{stopped}"
        asked = await post(http, page, page, decision="cancel", reason=WHY)
        assert "Never send this message?" in asked.text
        assert states(console, stopped) == ["accepted"]
        await post(http, page, page, decision="cancel", reason=WHY, confirmed="yes")
        assert states(console, stopped) == ["cancelled"]
        assert (await http.get("/queue/nothing")).status_code == 404
    assert console.events("RecipientCancelled")[0][0] == "mail-operator"
    assert console.events("RecipientCancelled")[0][1]["reason"] == WHY


async def test_a_webhook_is_paused_taken_into_use_and_told_again(console: Console) -> None:
    store = webhooks(console)
    store.add(ENDPOINT, "test")
    store.queue("wh1", [Telling("wh1", seq, "message.delivered", "{}", 1.0) for seq in (1, 2)], 2)
    for telling in store.due(console.stage.clock.now(), 10):
        store.settle(telling, again_at=None, outcome="taken" if telling.seq == 1 else "the receiver answered 500")
    async with console.visitor("mail-operator") as http:
        shown = await http.get("/webhooks/wh1")
        assert "the receiver answered 500" in shown.text
        only = await http.get("/webhooks/wh1", params={"failed": "yes"})
        assert only.text.count("message.delivered") == 1
        assert (await post(http, "/webhooks/wh1", "/webhooks/wh1", do="replay", reason="x")).status_code == 422
        assert (await post(http, "/webhooks/wh1", "/webhooks/wh1", do="burn", reason=WHY)).status_code == 422
        again = await post(http, "/webhooks/wh1", "/webhooks/wh1", do="replay", reason=WHY)
        assert "1 event told again" in again.text
        assert [each.seq for each in store.due(console.stage.clock.now(), 10)] == [2]
        await post(http, "/webhooks/wh1", "/webhooks/wh1", do="pause", reason=WHY)
        assert WHY in store.all()[0].stopped
        assert "Stopped" in (await http.get("/webhooks")).text
        await post(http, "/webhooks/wh1", "/webhooks/wh1", do="resume", reason=WHY)
        assert store.all()[0].stopped == ""
        assert (await http.get("/webhooks/nothing")).status_code == 404


async def test_what_was_asked_for_again_is_not_settled_by_an_older_answer(console: Console) -> None:
    store = webhooks(console)
    store.add(ENDPOINT, "test")
    store.queue("wh1", [Telling("wh1", 1, "message.delivered", "{}", 1.0)], 1)
    (before,) = store.due(console.stage.clock.now(), 10)
    store.settle(before, again_at=None, outcome="the receiver answered 500")
    console.wait(1)
    assert store.replay(ENDPOINT, [1], "ann", WHY) == 1
    store.settle(before, again_at=None, outcome="an answer that comes late")
    assert [each.seq for each in store.due(console.stage.clock.now(), 10)] == [1]
    assert store.replay(ENDPOINT, [99], "ann", WHY) == 0
    assert len(console.events("WebhookReplayed")) == 1


async def test_a_pack_is_taken_and_that_is_in_the_audit(console: Console) -> None:
    message_id = await console.send("anna@nhs.net")
    async with console.visitor("governance") as http:
        fields = {"kind": "incident", "message": message_id.lower(), "reason": WHY}
        answer = await post(http, "/evidence", "/evidence/packs", **fields)
        assert answer.headers["content-type"] == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        manifest = next(name for name in archive.namelist() if name.endswith("manifest.json"))
        assert set(json.loads(archive.read(manifest))["files"]) == set(archive.namelist()) - {manifest}
        assert "The audit is whole" in (await post(http, "/evidence", "/evidence/verify")).text
    assert console.events("EvidenceTaken")[0][0] == "governance"


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": ""},
        {"reason": "x"},
        {"since": "yesterday"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"since": "9" * 40},
        {"message": "01M8NOTHING0000000"},
        {"message": "a\0b"},
    ],
)
async def test_a_pack_that_cannot_be_made_is_told(console: Console, changed: dict[str, str]) -> None:
    async with console.visitor("governance") as http:
        fields = {"kind": "dspt", "reason": WHY} | changed
        answer = await post(http, "/evidence", "/evidence/packs", **fields)
        assert answer.status_code == 422
        assert "There is a problem" in answer.text
    assert console.events("EvidenceTaken") == []


async def test_the_audit_is_read_page_by_page_to_its_beginning(console: Console) -> None:
    for number in range(60):
        await console.send(f"a{number}@nhs.net")
    async with console.visitor("governance") as http:
        seen, address = 0, "/evidence"
        while address:
            page = (await http.get(address)).text
            seen += page.count("Accepted from app-1")
            address = page.partition('href="/evidence?before=')[2].partition('"')[0]
            address = f"/evidence?before={address}" if address else ""
        assert seen == 60
        for odd in ("-1", "x", "9" * 19, "9" * 30):
            assert (await http.get("/evidence", params={"before": odd})).status_code == 200


async def test_what_an_enemy_wrote_is_text(console: Console) -> None:
    webhooks(console).add(WebhookEndpoint("wh2", "app", HOSTILE, ("keystore:x",), stopped=HOSTILE), HOSTILE)
    store = webhooks(console)
    store.queue("wh2", [Telling("wh2", 1, HOSTILE, "{}", 1.0)], 1)
    async with console.visitor("owner") as http:
        for path in ("/webhooks", "/webhooks/wh2", "/evidence", f"/queue?domain={HOSTILE}"):
            assert "<script>alert" not in (await http.get(path)).text, path
