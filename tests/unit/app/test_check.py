"""`wardmail check` with what comes out of files and other programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wardmail.app.cli import cli
from wardmail.app.failures import USAGE


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(cli, ["check", *words], input=stdin)


@pytest.mark.parametrize("stdin", [b"", b"\n \r\n"])
def test_nothing_to_check_is_not_all_secure(stdin: bytes) -> None:
    done = run("-", stdin=stdin)
    assert (done.exit_code, done.stdout) == (USAGE, "")
    assert "WM-CHECK-EMPTY" in done.stderr


def test_octets_that_are_no_text_are_no_address() -> None:
    done = run("-", "--json", stdin=b"a@nhs.net\r\n\xff@nhs.net\r\n")
    assert done.exit_code == USAGE, done.output
    assert [json.loads(line)["standing"] for line in done.stdout.splitlines()] == ["secure", "invalid"]
    assert json.loads(run("\udcff@nhs.net", "--json").stdout)["standing"] == "invalid"
    assert "?@nhs.net" in run("\udcff@nhs.net").stdout


def test_an_address_cannot_steer_the_terminal() -> None:
    done = CliRunner().invoke(cli, ["check", "-"], input=b"b\x1b[31m@gov.uk\n", color=True)
    assert "\x1b" not in done.stdout
    assert "b?[31m@gov.uk" in done.stdout
