"""`/v1/audit-events` and `/v1/evidence-packs`."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.unit.web.office_kit import PeoplesApi, opened
from wardmail.model.person import Role
from wardmail.store.schema import event

WHY = {"reason": "the yearly assessment"}
EVENTS, PACKS = "/v1/audit-events", "/v1/evidence-packs"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        made.register("gwen", Role.GOVERNANCE)
        made.register("vera", Role.VIEWER)
        yield made


async def test_events_are_read_on_and_on(api: PeoplesApi) -> None:
    await api.send("a@nhs.net")
    seen, after = [], 0
    while True:
        page = (await api.http.get(EVENTS, params={"limit": 3, "after": after}, headers=api.keys["gwen"])).json()
        if not page["items"]:
            break
        seen += [each["kind"] for each in page["items"]]
        after = page["next"]
    assert "MessageAccepted" in seen
    assert len(seen) == len(api.installation.messages.audit(0, 10_000))
    assert page["next"] == after


async def test_a_chain_that_was_changed_is_said(api: PeoplesApi) -> None:
    whole = (await api.http.get(f"{EVENTS}/chain", headers=api.keys["gwen"])).json()
    assert (whole["ok"], whole["why"]) == (True, "")
    assert whole["head"].startswith(f"{whole['events']}:")
    with api.installation.database.write() as connection:
        connection.execute(update(event).where(event.c.seq == 2).values(actor="mallory"))
    broken = (await api.http.get(f"{EVENTS}/chain", headers=api.keys["gwen"])).json()
    assert not broken["ok"]
    assert broken["why"].startswith("event 2 ")


async def test_a_pack_is_an_archive_and_stands_in_the_audit(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net")
    body = {"kind": "incident", "message_id": sent, **WHY}
    answer = await api.http.post(PACKS, json=body, headers=api.keys["gwen"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert sorted(name.partition(".")[2] for name in archive.namelist()) == ["html", "json", "manifest.json"]
    (page,) = [name for name in archive.namelist() if name.endswith("Z.json")]
    assert sent in archive.read(page).decode()
    ((actor, detail),) = api.events("EvidenceTaken")
    assert (actor, detail["reason"]) == ("gwen", WHY["reason"])
    (manifest,) = [name for name in archive.namelist() if name.endswith("manifest.json")]
    assert json.loads(archive.read(manifest))["files"] == detail["files"]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"kind": "novel"}, 422, "WM-REQUEST"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, 422, "WM-EVIDENCE-PERIOD"),
        ({"until": "9999-12-31"}, 422, "WM-REQUEST"),
        ({"message_id": "A" * 18}, 404, "WM-MESSAGE-NOT-FOUND"),
        ({"reason": " "}, 422, "WM-REQUEST"),
    ],
)
async def test_packs_that_cannot_be(api: PeoplesApi, changed: dict[str, object], status: int, code: str) -> None:
    answer = await api.http.post(PACKS, json={"kind": "dspt", **WHY} | changed, headers=api.keys["gwen"])
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.events("EvidenceTaken") == []


async def test_only_who_takes_evidence_reads_the_audit(api: PeoplesApi) -> None:
    for path in (EVENTS, f"{EVENTS}/chain"):
        assert (await api.http.get(path, headers=api.keys["vera"])).status_code == 403
    assert (await api.http.post(PACKS, json={"kind": "dspt", **WHY}, headers=api.keys["vera"])).status_code == 403
