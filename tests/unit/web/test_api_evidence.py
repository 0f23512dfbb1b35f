"""One message's evidence: everything that proves how it was dealt with, nothing of what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.unit.web.office_kit import SENSITIVE, PeoplesApi, opened
from wardmail.app.evidence import pack_of_message, write_pack
from wardmail.app.evidence_about import evidence_of
from wardmail.edges.audit_heads import is_signed
from wardmail.model.person import Role
from wardmail.store.schema import event

REASON = {"Wardmail-Reason": "a complaint, case 12"}
HEAD = SENSITIVE.replace(b"Subject: Hello", b"Subject: Zebra")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        made.register("governor", Role.GOVERNANCE)
        made.register("operator", Role.MAIL_OPERATOR)
        yield made


def hashed(each: dict[str, object], message_id: str) -> str:
    """As the document says that it is done, by nothing of ours."""
    fields = (each["seq"], each["hashed_at"], each["type"], message_id, each["subject"], each["actor"])
    raw = [str(field).encode() for field in (*fields, each["hashed_detail"])]
    lengths = b"".join(len(field).to_bytes(4, "big") + field for field in raw)
    return hashlib.sha256(bytes.fromhex(str(each["hash_before"])) + lengths).hexdigest()


async def test_it_tells_decisions_rules_and_events_that_can_be_checked_by_anybody(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net", "someone@example.com", head=HEAD)
    answer = await api.http.get(f"/v1/messages/{sent}/evidence", headers=api.keys["governor"] | REASON)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [(each["to"], each["outcome"]) for each in told["recipients"]] == [
        ("a@nhs.net", "deliver"),
        ("someone@example.com", "hold"),
    ]
    assert told["recipients"][0]["tls_required"] == "verified"
    assert all(each["because"][0]["rule"] for each in told["recipients"])
    assert [each["type"] for each in told["events"]] == ["MessageAccepted", "HoldOpened"]
    assert all(each["fits"] and hashed(each, sent) == each["hash"] for each in told["events"])
    head = told["audit"]
    assert head["head"].replace(":", "\n") in head["signed"]
    assert is_signed(head["signed"].encode(), head["signature"], head["key"])
    assert b"Zebra" not in answer.content
    assert b"Good morning" not in answer.content
    taken = api.events("EvidenceTaken")
    assert [(actor, detail["reason"]) for actor, detail in taken] == [("governor", REASON["Wardmail-Reason"])]
    history = (await api.http.get(f"/v1/messages/{sent}/events", headers=api.app_key)).json()["items"]
    assert history[-1]["type"] == "EvidenceTaken"


async def test_an_event_that_was_changed_is_said_not_to_fit(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net", head=HEAD)
    with api.installation.database.write() as connection:
        connection.execute(update(event).where(event.c.message_id == sent).values(actor="nobody"))
    told = (await api.http.get(f"/v1/messages/{sent}/evidence", headers=api.app_key)).json()
    assert [each["fits"] for each in told["events"]] == [False]
    page = await api.http.get(f"/v1/messages/{sent}/evidence?format=html", headers=api.app_key)
    assert "NO: it was changed" in page.text


async def test_a_program_has_its_own_and_people_say_why(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net", head=HEAD)
    where = f"/v1/messages/{sent}/evidence"
    assert (await api.http.get(where, headers=api.app_key)).status_code == 200
    assert (await api.http.get(where, headers=api.keys["governor"])).status_code == 422
    assert (await api.http.get(where, headers=api.keys["operator"] | REASON)).status_code == 403
    assert (await api.http.get("/v1/messages/X/evidence", headers=api.keys["governor"] | REASON)).status_code == 404


async def test_as_a_page_it_is_a_file_that_stands_alone(api: PeoplesApi) -> None:
    sent = await api.send('"<script>alert(1)</script>"@nhs.net', head=HEAD)
    page = await api.http.get(f"/v1/messages/{sent}/evidence?format=html", headers=api.keys["governor"] | REASON)
    assert page.headers["content-disposition"] == f'attachment; filename="message-{sent}.html"'
    assert "<script" not in page.text
    assert "default-src 'none'" in page.text
    for part in ("The message", "Connections and receipts", "What happened to it", "How the events hang together"):
        assert f"<h2>{part}</h2>" in page.text


async def test_the_signed_pack_is_the_same_and_in_the_audit(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net", head=HEAD)
    found = evidence_of(api.installation, sent, "The governor")
    assert found is not None
    made = pack_of_message(api.installation, found)
    out = Path(api.installation.settings["gateway.data"]) / "out"
    files = write_pack(api.installation, out, made, "governor", "case 12")
    assert [each.suffix for each in files] == [".html", ".json", ".json"]
    record = json.loads(files[1].read_text())
    assert (record["id"], record["taken_by"]) == (sent, "The governor")
    manifest = json.loads(files[2].read_text())
    signed = json.dumps(manifest["files"], sort_keys=True).encode()
    assert is_signed(signed, manifest["signature"], manifest["key"])
    assert evidence_of(api.installation, "X" * 18, "") is None
