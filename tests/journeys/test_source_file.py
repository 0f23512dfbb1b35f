"""Sources and handovers as a file: what is exported is applied without a change, and nothing of it by half."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.gateway import Gateway, let_in, make_gateway
from tests.journeys.peers.ground import Authority

OAUTH = ("--token-endpoint", "https://login.example/t", "--client-id", "id", "--client-secret-ref", "keystore:c")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("gateway")
    made = make_gateway(directory, Authority(directory))
    made.do("route", "create", "sandbox", "--kind", "sandbox")
    let_in(made, "sandbox")
    base = ("--integration", "app")
    made.do("source", "add", "letters", "--kind", "smtp", *base, "--recipient", "a@trust.example",
            "--plain-peer", "192.0.2.7/32,2027-03-01,old")  # fmt: skip
    made.do("source", "add", "inbox", "--kind", "graph", *base, "--username", "svc-app@trust.example", *OAUTH)
    made.do("handover", "set", "app", "--kind", "maildir", "--directory", "/srv/box", "--deny", ".exe")
    yield made


def test_what_is_exported_is_applied_without_a_change(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(gateway.do("source", "export"))
    assert gateway.ask("source", "apply", file) == [{"changed": [], "dry_run": False}]
    before = gateway.ask("source", "export")
    gateway.do("source", "remove", "inbox", "--reason", "a test", "--yes")
    assert gateway.ask("source", "apply", file, "--dry-run")[0]["changed"] == ["source inbox"]
    assert len(gateway.ask("source", "list")) == 1
    gateway.do("source", "apply", file, "--reason", "back again")
    assert gateway.ask("source", "export") == before


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ("a@trust.example", "nonsense", "neither an address"),
        ("svc-app@trust.example", "jane.smith@trust.example", "a person's own"),
        ("/srv/box", "box", "whole path"),
        ("2027-03-01", "2031-03-01", "within a year"),
        ("[handover.app]", "[handover.gone]", "There is no integration gone"),
        ('kind = "smtp"', 'kind = "pigeon"', "kind: is none of: smtp, imap"),
        ("paused = false", "is_paused = false", "is_paused: is not known"),
        ("[source.letters]", "[route.letters]", "route: is no section"),
    ],
)
def test_what_is_wrong_changes_nothing(gateway: Gateway, tmp_path: Path, found: str, instead: str, said: str) -> None:
    text = gateway.do("source", "export")
    assert found in text
    file = tmp_path / "sources.toml"
    file.write_text(text.replace(found, instead))
    assert said in gateway.run("source", "apply", file, status=2).stderr
    assert gateway.do("source", "export") == text


def test_a_file_cannot_say_who_made_an_exception(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(
        gateway.do("source", "export").replace("192.0.2.7/32", "192.0.2.8/32").replace('by = "', 'by = "not-')
    )
    gateway.do("source", "apply", file)
    assert "not-" not in gateway.do("source", "export")
