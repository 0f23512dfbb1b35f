"""`wardmail scan` judges whatever can be read, before any set-up, and says so in its exit status."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.mail_of import HEAD, PROGRAM, attached

from wardmail.app.cli import cli
from wardmail.content.inspection.catalogue import KINDS

PLAIN = HEAD + b"\r\nhello https://www.gov.uk/a\r\n"


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["scan", *arguments], input=stdin)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "a.eml").write_bytes(PLAIN)
    (tmp_path / "b.eml").write_bytes(attached(PROGRAM, "evil.exe"))
    (tmp_path / "deeper" / "c.bin").write_bytes(bytes(range(256)))
    return tmp_path


def test_the_record_of_a_message(corpus: Path) -> None:
    result = run(str(corpus / "b.eml"), "--json")
    record = json.loads(result.stdout)
    assert result.exit_code == 3
    assert list(record) == ["action", "reasons", "parts", "urls", "findings"]
    assert record["action"] == "quarantine"
    program = record["parts"][1]
    assert (program["path"], program["filename"], program["size"]) == ("2", "evil.exe", len(PROGRAM))
    assert program["detected_type"] == "application/x-dosexec"
    assert program["sha256"] == hashlib.sha256(PROGRAM).hexdigest()
    assert program["findings"][0]["id"] == "type-executable"


def test_a_harmless_message_exits_with_zero(corpus: Path) -> None:
    result = run(str(corpus / "a.eml"), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["urls"] == ["https://www.gov.uk/a"]


def test_standard_input() -> None:
    result = run("-", stdin=PLAIN)
    assert result.exit_code == 0
    assert "Accept" in result.stdout


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_directory_gives_one_line_for_each_file(corpus: Path, jobs: str) -> None:
    result = run("--dir", str(corpus), "--jobs", jobs, "--json")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 3
    assert [Path(record["file"]).name for record in records] == ["a.eml", "b.eml", "c.bin"]
    assert [record["action"] for record in records][:2] == ["accept", "quarantine"]


def test_what_cannot_be_read_is_told_and_stops_nothing(corpus: Path) -> None:
    result = run(str(corpus / "none.eml"), str(corpus / "a.eml"), "--json")
    assert result.exit_code == 5
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first["error"] == "WM-SCAN-UNREADABLE"
    assert second["action"] == "accept"
    assert "WM-SCAN-UNREADABLE" in result.stderr


def test_nothing_to_scan_is_wrong_use() -> None:
    assert run().exit_code == 2


def test_terms_of_the_caller(corpus: Path) -> None:
    assert (
        json.loads(run(str(corpus / "a.eml"), "--json", "--own-domain", "sender.example").stdout)["action"]
        == "quarantine"
    )
    assert json.loads(run(str(corpus / "a.eml"), "--json", "--deny", "text/*").stdout)["action"] == "strip"


def test_the_page_of_findings_is_the_list_of_findings() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "findings.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    expected = [
        f"| `{kind.id}` | {kind.severity} | {kind.weight} | {kind.sentence.replace('{words}', '…')} |"
        for kind in KINDS.values()
    ]
    assert rows == expected
