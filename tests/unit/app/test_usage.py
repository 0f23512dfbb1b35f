"""A command that was typed wrongly is answered like any other failure: words, advice, a code."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from wardmail.app.cli import cli

TYPED = ["domain", "evidence", "partner.example", "--kind", "dspt", "--until", "2027-03-31"]


def test_it_says_what_is_missing_and_where_to_look() -> None:
    told = CliRunner().invoke(cli, TYPED)
    assert told.exit_code == 2
    assert told.stderr == "Missing option '--reference'.\nSee `cli domain evidence --help`.\n[WM-USAGE]\n"


def test_programs_get_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["wardmail", *TYPED, "--json"])
    told = CliRunner().invoke(cli, [*TYPED, "--json"])
    assert json.loads(told.stderr)["error"] == "WM-USAGE"


def test_a_group_alone_shows_its_help() -> None:
    assert "Commands:" in CliRunner().invoke(cli, ["hold"]).output
