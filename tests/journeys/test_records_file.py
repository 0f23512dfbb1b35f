"""All records as a file: what one installation exports, an empty one takes, and exports again as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.gateway import Gateway, let_in, make_gateway
from tests.journeys.peers.ground import Authority

OAUTH = ("--token-endpoint", "https://login.example/t", "--client-id", "id", "--client-secret-ref", "keystore:c")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("first")
    made = make_gateway(directory, Authority(directory))
    made.do("route", "create", "sandbox", "--kind", "sandbox")
    made.do("route", "create", "relay", "--kind", "smarthost", "--host", "relay.example",
            "--auth", "plain", "--username", "svc", "--password-ref", "keystore:relay")  # fmt: skip
    made.do("route", "accredit", "relay", "--evidence", 'the "board", 3 May', "--expires", "2031-03-31")
    let_in(made, "sandbox", "--purpose", "letters\nand more", "--owner", "Amina Khan <amina@trust.example>")
    made.do("person", "add", "bea", "--title", "Bea Lee", "--email", "bea@trust.example", "--role", "governance")
    base = ("--integration", "app")
    made.do("source", "add", "letters", "--kind", "smtp", *base, "--recipient", "a@trust.example",
            "--plain-peer", "192.0.2.7/32,2027-03-01,old")  # fmt: skip
    made.do("source", "add", "inbox", "--kind", "graph", *base, "--username", "svc-app@trust.example", *OAUTH)
    made.do("handover", "set", "app", "--kind", "maildir", "--directory", "/srv/box", "--deny", ".exe")
    made.do("webhook", "add", "app", "https://app.example/hook", "--type", "message.delivered")
    made.do("agreement", "add", "charity", "--partner", "A charity", "--domain", "charity.example",
            "--purpose", "care", "--information", "letters", "--document", "https://trust.example/a",
            "--starts", "2026-11-01", "--ends", "2027-10-31", *base, "--reason", "agreed")  # fmt: skip
    made.do("domain", "add", "parked.example", "--note", 'parked, "for now"')
    made.do("domain", "add", "hospice.example", "--others")
    for kind, reference in (("dspt", "X26"), ("other", "minute 7"), ("other", "minute 8")):
        made.do("domain", "evidence", "hospice.example", "--kind", kind, "--reference", reference,
                "--until", "2027-03-31")  # fmt: skip
    made.do("appetite", "state", "wait", "--document", "minute 7", "--reason", "the board")
    yield made


@pytest.fixture(scope="module")
def exported(gateway: Gateway) -> str:
    return gateway.do("export")


def test_an_empty_installation_becomes_alike_and_a_second_time_nothing_changes(
    gateway: Gateway, exported: str, tmp_path: Path
) -> None:
    second = make_gateway(tmp_path, gateway.authority)
    file = tmp_path / "records.toml"
    file.write_text(exported)
    seen = second.do("apply", file, "--dry-run", "--reason", "moved")
    assert "route relay (new)" in seen and "keystore:" not in seen
    assert second.ask("route", "list") == []
    assert second.run("apply", file, "--reason", "moved", status=1).stderr.endswith("say --yes to confirm.\n")
    changed = second.ask("apply", file, "--yes", "--reason", "moved")
    assert {each["kind"] for each in changed} == {
        *("person", "route", "integration", "limits", "source", "handover", "webhook", "agreement", "domain")
    }
    assert second.do("export") == exported
    assert second.do("apply", file, "--yes") == "Everything is as the file has it.\n"
    assert second.ask("integration", "list")[0]["state"] == "draft"
    assert second.ask("agreement", "show", "charity")[0]["standing"] == "unsigned"
    events = [each["kind"] for each in second.ask("audit", "list", "--limit", 1000)]
    assert len([each for each in events if each in ("RouteSaved", "PersonSaved", "AgreementMade", "WebhookAdded")]) >= 5
    assert second.ask("webhook", "list")[0]["stopped"]


def test_an_unchanged_export_changes_nothing_where_it_came_from(
    gateway: Gateway, exported: str, tmp_path: Path
) -> None:
    file = tmp_path / "records.toml"
    gateway.do("export", file)
    assert file.read_text() == exported
    assert gateway.ask("apply", file, "--yes") == [{"changed": 0, "dry_run": False}]


def test_rules_become_one_draft_and_wait_for_another_person(gateway: Gateway, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nid = "no-fax"\nsource = "local"\nwhy = "the fax gateway is gone"\n'
        'when = { recipient-is-at = "fax.example" }\nthen = { hold = true }\n'
    )
    done = gateway.run("apply", rules, "--yes", "--reason", "is gone", "--json", status=None)
    assert done.returncode == 0, done.stderr
    assert gateway.ask("policy", "history")[0]["state"] == "draft"
    assert gateway.ask("apply", rules, "--yes") == [{"changed": 0, "dry_run": False}]


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ('host = "relay.example"', 'hots = "relay.example"', "route.relay.hots: is not known"),
        ("port = 587", 'port = "587"', "route.relay.port: is no whole number"),
        ("port = 587", "port = 70000", "Its port is none"),
        ("connections = 8", "connections = 0", "lets nothing through"),
        ("quarantine_days = 30", "quarantine_days = 0", "no day to decide"),
        ('secret_ref = "keystore:relay"', 'secret_ref = "hunter2"', "no reference"),
        ('route = "sandbox"', 'route = "gone"', "There is no route gone"),
        ("[handover.app]", "[handover.other]", "There is no integration other"),
        ('    "governance",\n', "", "needs a role"),
        ("[person.bea]", '[person.bea]\nkey_hash = "AAAA"', "nothing that a file may say"),
        ("[agreement.charity]", "[agreement.charity]\ngovernance = {}", "nothing that a file may say"),
        ('information = "letters"', 'information = "everything"', "What was signed does not change"),
        ("bulk-recipients = 0", "bulk-recipients = -1", "limits.app.bulk-recipients"),
        ("[limits.app]", "[limit.app]", "is no section"),
        ("[person.bea]", "[person.bea", "cannot be read"),
        ('title = "app"', 'title = "app"\nstate = "live"', "which nobody can write"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_changes_nothing(
    gateway: Gateway, exported: str, tmp_path: Path, found: str, instead: str, said: str
) -> None:
    assert found in exported
    file = tmp_path / "records.toml"
    file.write_text(exported.replace(found, instead, 1).replace("paused = false", "paused = true"))
    stderr = gateway.run("apply", file, "--yes", "--reason", "a test", status=2).stderr
    assert said in stderr and "line " in stderr and "hunter2" not in stderr
    assert gateway.do("export") == exported


def test_who_may_not_changes_nothing(gateway: Gateway, exported: str, tmp_path: Path) -> None:
    key = gateway.ask("person", "add", "viv", "--title", "Viv", "--role", "viewer")[0]["key"]
    file = tmp_path / "records.toml"
    file.write_text(exported.replace("paused = false", "paused = true"))
    failed = gateway.run("apply", file, "--yes", "--by", "viv", status=4, extra={"WARDMAIL_PERSON_KEY": key})
    assert "may not change routes" in failed.stderr
    assert gateway.ask("route", "show", "relay")[0]["paused"] is False


def test_domains_change_as_the_file_has_them_and_what_cannot_be_is_named(gateway: Gateway, tmp_path: Path) -> None:
    file, before = tmp_path / "records.toml", gateway.do("export")
    file.write_text('[domain."hospice.example"]\nis_ours = false\nnote = "a partner"\n')
    assert [each["kind"] for each in gateway.ask("apply", file, "--yes", "--reason", "known")] == ["domain"]
    assert 'note = "a partner"' in gateway.do("export")
    file.write_text(before)
    gateway.do("apply", file, "--yes")
    assert gateway.do("export") == before
    for wrong, said in (
        ('[domain."Hospice.example"]\nis_ours = false\n', "Write it as hospice.example"),
        ("[domain.nothing]\nis_ours = true\n", "only one label"),
        ('[domain."a.example"]\nnote = "x"\n', "lacks is_ours"),
        ('[domain."a.example"]\nis_ours = true\nadded_by = "eve"\n', "is not known"),
        ('[domain."a.example"]\nis_ours = true\nnote = "\\u202Ex"\n', "cannot be seen"),
        ('[[domain."a.example"]]\nis_ours = true\n', "is no section of tables"),
    ):
        file.write_text(wrong)
        assert said in gateway.run("apply", file, "--yes", status=2).stderr, wrong
    assert gateway.do("export") == before
