"""Evidence packs, the connection inventory and subject access: true figures, signed, and nothing of what messages say."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.journeys.gateway import SENDER, USER, Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority

_HEAD = f"From: {SENDER}\r\nSubject: Zebra finch\r\n"
ORDINARY = f"{_HEAD}\r\nGiraffe.\r\n".encode()
SENSITIVE = f"{_HEAD}Wardmail-Classification: OFFICIAL-SENSITIVE\r\n\r\nGiraffe.\r\n".encode()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("gateway")
    made = make_gateway(directory, Authority(directory), settings={"gateway.location": "GB"})
    made.do("route", "create", "sandbox", "--kind", "sandbox")
    made.do(
        *("route", "create", "old", "--kind", "smarthost", "--host", "smtp.office365.com", "--auth", "login"),
        *("--username", "svc@trust.example", "--password-ref", "env:NOTHING"),
    )
    let_in(made, "sandbox")
    made.do(
        *("source", "add", "letters", "--kind", "ews", "--integration", USER, "--host", "outlook.office365.com"),
        *("--username", "letters@trust.example", "--token-endpoint", "https://login.example/token"),
        *("--client-id", "wardmail", "--client-secret-ref", "env:NOTHING", "--trust-hop", "mx.trust.example"),
    )
    with running(made, workers=1):
        made.send(ORDINARY, "a@nhs.net", "b@nhs.net")
        made.send(SENSITIVE, "pat.ient@unknown.example")
        made.submit(f"{_HEAD}Wardmail-Classification: SECRET\r\n\r\nx\r\n".encode(), "a@nhs.net")
        made.wait_until_empty()
        yield made


def _pack(gateway: Gateway, kind: str, out: Path, *more: object) -> tuple[dict[str, Any], str]:
    (made,) = gateway.ask("evidence", "pack", kind, "--out", out, "--reason", "assessment", *more)
    files = {Path(each).suffixes[-1] if "manifest" not in each else "manifest": Path(each) for each in made["files"]}
    _verify(files["manifest"])
    return json.loads(files[".json"].read_text()), files[".html"].read_text()


def _verify(manifest: Path) -> None:
    values = json.loads(manifest.read_text())
    for name, digest in values["files"].items():
        assert hashlib.sha256((manifest.parent / name).read_bytes()).hexdigest() == digest
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(values["key"]))
    key.verify(base64.b64decode(values["signature"]), json.dumps(values["files"], sort_keys=True).encode())


def _rows(page: dict[str, Any], title: str) -> list[list[str]]:
    (section,) = [each for each in page["sections"] if each["title"] == title]
    return [row for block in section["blocks"] if isinstance(block, dict) for row in block["rows"]]


def test_the_standards_pack_has_true_figures(gateway: Gateway, tmp_path: Path) -> None:
    page, html = _pack(gateway, "dcb1596", tmp_path / "out")
    assert ["delivered", "2"] in _rows(page, "Messages in the period")
    assert ["held", "1"] in _rows(page, "Messages in the period")
    assert ["unknown.example", "held", "1"] in _rows(page, "Sensitive messages by destination")
    readiness = {row[0]: row for row in _rows(page, "Basic authentication and EWS")}
    assert readiness["old"][3] == "2026-12-31"
    assert readiness["letters"] == ["letters", "OAuth", "Exchange Web Services", "2027-04-01"]
    assert "No source uses Exchange Web Services" not in html
    assert "Where copies are kept" in html
    assert ">GB<" in html
    assert ["The chain", "holds"] in _rows(page, "Audit")
    ways = {row[1]: row for row in _rows(page, "Connection inventory")}
    assert any("STARTTLS" in row[2] for row in ways.values())
    for secret in ("Zebra", "Giraffe", "pat.ient"):
        assert secret not in html + json.dumps(page)


def test_dspt_and_incident_packs(gateway: Gateway, tmp_path: Path) -> None:
    page, _ = _pack(gateway, "dspt", tmp_path / "out")
    assert ["WM-POLICY-SECRET", "1"] in _rows(page, "Submissions refused at the door")
    held = gateway.ask("hold", "list")[0]
    page, html = _pack(gateway, "incident", tmp_path / "out", "--message", held["id"])
    assert page["sections"][0]["title"] == "The message"
    assert "MessageAccepted" in {row[1] for row in _rows(page, "What happened to it")}
    assert "Zebra" not in html


def test_evidence_is_not_overwritten_and_needs_permission(gateway: Gateway, tmp_path: Path) -> None:
    key = json.loads(gateway.do("person", "add", "vic", "--title", "Vic", "--role", "viewer", "--json"))["key"]
    viewer = {"WARDMAIL_PERSON_KEY": key, "WARDMAIL_BY": "vic"}
    pack = ("evidence", "pack", "dspt", "--out", tmp_path, "--reason", "curious")
    assert "vic may not take evidence" in gateway.run(*pack, status=4, extra=viewer).stderr
    backwards = ("--since", "2026-05-01", "--until", "2026-04-01")
    assert "ends before it begins" in gateway.run(*pack, *backwards, status=2).stderr
    (tmp_path / "file").write_text("")
    assert "WM-EVIDENCE-WRITE" in gateway.run(*pack[:4], tmp_path / "file" / "x", "--reason", "a test", status=1).stderr


def test_subject_access_finds_without_showing(gateway: Gateway) -> None:
    assert gateway.ask("evidence", "subject", "ient@unknown.example", "--reason", "request 11") == []
    (line,) = gateway.ask("evidence", "subject", "Pat.Ient@UNKNOWN.example", "--reason", "request 12")
    assert (line["direction"], line["status"], line["content_kept"]) == ("to the person", "held", True)
    assert "Zebra" not in json.dumps(line)
    sent = gateway.ask("evidence", "subject", SENDER, "--reason", "request 13")
    assert {each["direction"] for each in sent} == {"from the person"}
    searches = [each for each in gateway.ask("audit", "list", "--limit", "1000") if each["kind"] == "SubjectSearched"]
    assert len(searches) == 3
    assert "pat.ient" not in json.dumps(searches).lower()
    gateway.run("evidence", "subject", "nobody", "--reason", "a test", status=2)


def test_the_connection_inventory(gateway: Gateway) -> None:
    rows = gateway.ask("connections")
    assert [row["way"] for row in rows] == ["in", "in", "in", "out", "out"]
    assert {row["authentication"] for row in rows if row["way"] == "out"} == {"none", "password (login)"}
