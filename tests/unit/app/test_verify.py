"""`wardmail verify` before any set-up: files as they come, options as people type them, words and exit statuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.signatures import MESSAGE, signed, zone

from wardmail.app.cli import cli
from wardmail.app.commands import verify
from wardmail.app.failures import FINDINGS, NOT_FOUND, TRY_LATER, USAGE
from wardmail.model.question import Answer, Question

POLICY = {"_dmarc.sender.example": "v=DMARC1; p=reject", "sender.example": "v=spf1 ip4:192.0.2.1 -all"}


class _Dns:
    records: dict[str, Any] = POLICY

    async def answer(self, question: Question) -> Answer:
        return zone(self.records).answer(question)


@pytest.fixture(autouse=True)
def _dns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify, "_resolver", lambda given, configured: _Dns())


def run(*words: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(cli, ["verify", *words], input=stdin)


def record(*words: str, stdin: bytes) -> dict[str, Any]:
    done = run("-", "--json", *words, stdin=stdin)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (0 if found["dmarc"]["result"] == "pass" else FINDINGS), done.output
    return found


def test_the_whole_answer() -> None:
    found = record("--ip", "192.0.2.1", "--helo", "mx", "--mail-from", "a@sender.example", stdin=signed())
    assert found["spf"]["result"] == "pass"
    assert found["dkim"][0] == {
        "d": "sender.example", "s": "s1", "i": "@sender.example", "a": "rsa-sha256", "result": "pass",
        "reason": "2048-bit key", "whole_body": True, "testing": False,
    }  # fmt: skip
    assert found["arc"]["cv"] == "none"
    assert found["dmarc"]["result"] == "pass"
    assert (found["dmarc"]["policy"], found["dmarc"]["disposition"]) == ("reject", "none")
    assert found["dmarc"]["domain"] == "sender.example"
    assert found["signature_acceptable"] == "no"  # proved, but on no list
    assert "spf=pass" in found["authentication_results"]


@pytest.mark.parametrize(
    "change",
    [
        lambda octets: octets,
        lambda octets: octets.replace(b"\r\n", b"\n"),
        lambda octets: b"From a@x Sat Nov 22 10:00:00 2025\n" + octets.replace(b"\r\n", b"\n"),
    ],
    ids=["CRLF", "LF", "mbox"],
)
def test_files_as_they_come(tmp_path: Path, change: Any) -> None:
    file = tmp_path / "message.eml"
    file.write_bytes(change(signed()))
    done = run(str(file))
    assert done.exit_code == 0, done.output
    assert "sender.example (s1)" in done.stdout
    assert "Signature acceptable" in done.stdout


@pytest.mark.parametrize("now", ["1764000001", "1764000001.5", "2025-11-24T16:00:01Z", "2025-11-24T16:00:01"])
def test_points_in_time(now: str) -> None:
    expiring = signed().replace(b" t=", b" x=1764000000; n=", 1)
    assert "expired" in record("--now", now, stdin=expiring)["dkim"][0]["reason"]
    assert "expired" not in record("--now", "1763999999", stdin=expiring)["dkim"][0]["reason"]


def test_local_decisions_and_profiles_count(tmp_path: Path) -> None:
    settings = tmp_path / "wardmail.toml"
    settings.write_text(f'[gateway]\ndata = "{tmp_path}"\n[policy]\nlocal = ["sender.example secure we agreed"]\n')
    done = CliRunner().invoke(cli, ["--config", str(settings), "verify", "-", "--json"], input=signed())
    assert json.loads(done.stdout)["signature_acceptable"] == "yes"


def test_silence_of_the_dns_is_to_be_tried_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Dns, "records", {"_dmarc.sender.example": "TIMEOUT"})
    done = run("-", stdin=signed())
    assert done.exit_code == TRY_LATER
    assert "temperror" in done.stdout


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("nowhere.eml",), NOT_FOUND, "WM-VERIFY-FILE"),
        ((".",), NOT_FOUND, "WM-VERIFY-FILE"),
        (("-", "--ip", "mail.example"), USAGE, "WM-VERIFY-IP"),
        (("-", "--now", "yesterday"), USAGE, "WM-VERIFY-NOW"),
        (("-", "--now", "9" * 400), USAGE, "WM-VERIFY-NOW"),
        (("-",), USAGE, "WM-VERIFY-EMPTY"),
    ],
)
def test_mistakes_are_told(words: tuple[str, ...], status: int, code: str) -> None:
    done = run(*words)
    assert done.exit_code == status, done.output
    assert code in done.stderr
    assert not done.stdout


def test_outlooks_own_form_is_told() -> None:
    done = run("-", stdin=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert (done.exit_code, "WM-VERIFY-FORM" in done.stderr) == (USAGE, True)


def test_a_sender_cannot_steer_the_terminal() -> None:
    evil = MESSAGE.replace(b'"Billing" <billing@', b"\x1b]0;x\x07 <b\x1b[2J..illing@")
    assert "\x1b" not in run("-", stdin=evil).stdout


def test_help_says_what_the_exit_statuses_mean() -> None:
    assert "Exit status" in run("--help").stdout
