"""The register as the gate, from the command line: draft, trial, go-live, review, hold, override, refusal, CMDB."""

from __future__ import annotations

import contextlib
import json
import os
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.journeys.gateway import Gateway, make_gateway, running
from tests.journeys.peers.ground import Authority, wait_until
from tests.journeys.peers.servicenow import Instance, running_instance
from tests.journeys.peers.sink import running_sink
from wardmail.app.cli import cli

MAIL = b"From: app@trust.example\r\nTo: a@nhs.net\r\nSubject: Hello\r\n\r\nGood morning.\r\n"
RECORD = (
    *("--purpose", "Discharge letters", "--handles", "official-sensitive", "--clinical", "no"),
    *("--owner", "Amina Khan <amina.khan@trust.example>", "--deputy", "Bo Lee <bo.lee@trust.example>"),
    *("--upstream-service", "NHSmail", "--upstream-account", "svc.discharge@nhs.net"),
    *("--hosting", "cloud", "--location", "GB", "--iams", "IAMS-77", "--dpia", "DPIA-1", "--slsp", "SLSP-1"),
    *("--application-document", "https://docs.trust.example/discharge"),
    *("--upstream-document", "https://service.trust.example/kb/1"),
    *("--signature-name", "Discharge team", "--signature-role", "Co-ordinator"),
    *("--signature-organisation", "Example Trust"),
)
TICKS = ("secret-kept", "failures-handled", "recipients-agreed", "ceilings-agreed")


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(ahead)).date().isoformat()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def gateway(tmp_path: Path, authority: Authority) -> Iterator[Gateway]:
    settings = {
        "contacts.registration": "register@trust.example",
        "notices.route": "notices",
        "listen.failed_logins": "1000",
        "delivery.expire_after_hours": "2000",
    }
    made = make_gateway(tmp_path, authority, settings=settings)
    with running_sink(tmp_path, authority.issue("localhost")) as sink:
        where = ("--host", "localhost", "--port", sink.port, "--tls-mode", "implicit", "--ca-file", authority.ca_file)
        made.do("route", "create", "relay", "--kind", "smarthost", *where)
        made.do("route", "accredit", "relay", "--evidence", "list of 2026", "--expires", day(900))
        made.do("route", "create", "notices", "--kind", "sandbox")
        made.do("domain", "rotate", "trust.example")
        yield made


def person(gateway: Gateway, name: str, role: str) -> dict[str, str]:
    """Registered; gives the environment that acts in that name."""
    made = gateway.do("person", "add", name, "--title", name.title(), "--role", role, "--json")
    return {"WARDMAIL_BY": name, "WARDMAIL_PERSON_KEY": json.loads(made)["key"]}


def create(gateway: Gateway, *options: object) -> None:
    gateway.do("integration", "create", "app", "--route", "relay", "--sender", "@trust.example", *options)
    made = gateway.do("integration", "credential", "add", "app", "--username", "app", "--json")
    gateway.secrets["app"] = json.loads(made)["secret"]


def run(gateway: Gateway, *words: object, status: int = 0, extra: dict[str, str] | None = None) -> Result:
    """A command in this process, which is quicker; its exit status is checked."""
    mask = os.umask(0o022)
    try:
        done = CliRunner().invoke(cli, [str(word) for word in words], env={**gateway.environment, **(extra or {})})
    finally:
        os.umask(mask)
    assert done.exit_code == status, (words, done.output, done.exception)
    return done


def go_live(gateway: Gateway, second: dict[str, str], review: int = 100) -> None:
    gateway.do("integration", "change", "app", *RECORD, "--review-date", day(review), "--cmdb", "CI-1")
    for task in TICKS:
        gateway.do("integration", "tick", "app", task, "--reason", "looked at")
    gateway.do("integration", "go-live", "app", "--go", "--reason", "the pilot went well")
    run(gateway, "integration", "go-live", "app", "--approve", "--reason", "agreed", extra=second)


def test_from_draft_to_override(gateway: Gateway) -> None:
    create(gateway, "--team-recipient", "dev@trust.example")
    second = person(gateway, "grace", "governance")
    with running(gateway, 1):
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            gateway.connect()
        assert b"draft" in refused.value.smtp_error
        assert b"(contact: register@trust.example)" in refused.value.smtp_error

        gateway.do("integration", "trial", "app")
        wait_until(lambda: _logs_in(gateway), "the trial to begin")
        with contextlib.closing(gateway.connect()) as client:
            assert client.mail("app@trust.example")[0] == 250
            code, words = client.rcpt("a@nhs.net")
            assert (code, b"named team" in words) == (550, True)
            assert client.rcpt("dev@trust.example")[0] == 250
            assert client.data(MAIL)[0] == 250
        gateway.wait_until_empty()

        missing = run(gateway, "integration", "go-live", "app", "--go", "--reason", "by now", status=3)
        assert "WM-GO-LIVE-NOT-READY" in missing.stderr
        assert "iams" not in missing.stderr  # nothing says yet that it is sensitive
        assert "test-message" not in missing.stderr
        go_live(gateway, second)
        assert _shown(gateway)["state_today"] == "live"
        wait_until(lambda: _takes(gateway, "a@nhs.net"), "it to be live")
        gateway.send(MAIL, "a@nhs.net")
        gateway.wait_until_empty()
    kinds = [each["kind"] for each in gateway.ask("audit", "list", "--limit", 200)]
    assert kinds.index("TrialBegun") < kinds.index("TaskTicked") < kinds.index("GoLiveAsked") < kinds.index("WentLive")
    _overdue(gateway, second)


def _overdue(gateway: Gateway, second: dict[str, str]) -> None:
    gateway.settings["gateway.clock_ahead_days"] = "101"
    gateway.settings["register.grace_days"] = "10"
    with running(gateway, 2):
        held = gateway.send(MAIL, "held@nhs.net")
        assert gateway.states(held) == ["held"]
        (item,) = [each for each in gateway.ask("integration", "due") if each["kind"] == "review"]
        assert item["grave"]
        override = ("integration", "override", "app")
        gateway.do(*override, "--until", day(111), "--reason", "the owner is ill")
        alone = run(gateway, *override, "--approve", "--reason", "agreed", status=6)
        assert "a yes is another person's" in alone.stderr
        run(gateway, *override, "--approve", "--reason", "until the deputy is back", extra=second)
        assert "override until" in gateway.do("integration", "list")
        gateway.do("hold", "release", held, "--reason", "it is covered now", "--yes")
        gateway.wait_for_states(held, "relayed")
        warned = [each for each in gateway.ask("audit", "list", "--limit", 500) if each["kind"] == "ReviewWarned"]
        assert [each["detail"]["stage"] for each in warned] == ["due"]
    gateway.settings["gateway.clock_ahead_days"] = "115"
    with running(gateway, 1), contextlib.closing(gateway.connect()) as client:
        code, words = client.mail("app@trust.example")
        assert (code, b"its review is overdue" in words, b"contact" in words) == (550, True, True)
    later = run(gateway, "doctor", status=1)
    assert "its mail is refused: its review is overdue" in later.stdout
    extend = ("integration", "change", "app", "--review-date", day(300), "--reason", "reviewed with the owner")
    gateway.do(*extend)
    with running(gateway, 1):
        gateway.send(MAIL, "a@nhs.net")


def test_what_was_accepted_is_held_when_its_record_falls_due_meanwhile(gateway: Gateway) -> None:
    create(gateway, "--team-recipient", "dev@trust.example")
    second = person(gateway, "grace", "governance")
    gateway.do("integration", "trial", "app")
    with running(gateway, 1):
        gateway.send(MAIL, "dev@trust.example")
        gateway.wait_until_empty()
        go_live(gateway, second, review=30)
        gateway.do("route", "pause", "relay")
        wait_until(lambda: _takes(gateway, "waits@nhs.net"), "it to be live")
        gateway.send(MAIL, "waits@nhs.net")
    gateway.settings["gateway.clock_ahead_days"] = "31"
    gateway.do("route", "resume", "relay")
    with running(gateway, 1):
        wait_until(lambda: "held" in gateway.states("waits@nhs.net"), "the guard")


def test_a_file_writes_records_and_approves_nothing(gateway: Gateway, tmp_path: Path) -> None:
    create(gateway, *RECORD, "--review-date", day(60))
    file = tmp_path / "records.toml"
    file.write_text(gateway.do("integration", "export", "app"))
    assert gateway.ask("integration", "apply", file)[0]["changed"] == {}
    file.write_text(file.read_text().replace("[integration.app]", "[integration.twin]"))
    taken = run(gateway, "integration", "apply", file, "--dry-run", status=6)
    assert "belongs to integration app already" in taken.stderr
    file.write_text(file.read_text().replace("svc.discharge", "svc.twin"))
    assert gateway.ask("integration", "apply", file, "--dry-run")[0]["new"]
    gateway.do("integration", "apply", file)
    assert _shown(gateway, "twin")["state"] == "draft"
    for line in ('state = "live"', "went_live = true", 'ticks = ["iams"]', "version = 9", 'cmdb-sys-id = "x"'):
        file.write_text(f"[integration.twin]\n{line}\n")
        assert "nobody can write" in run(gateway, "integration", "apply", file, status=2).stderr
    for text in ("x", "[integration]\na = 1", "[other]\na = 1", "[integration.twin]\nsenders = 1", "\x00"):
        file.write_text(text)
        assert "WM-RECORD-FILE" in run(gateway, "integration", "apply", file, status=2).stderr


def test_live_records_are_governed(gateway: Gateway) -> None:
    create(gateway, "--team-recipient", "dev@trust.example")
    second, dev = person(gateway, "grace", "governance"), person(gateway, "dev", "developer")
    gateway.do("integration", "trial", "app")
    with running(gateway, 1):
        gateway.send(MAIL, "dev@trust.example")
        gateway.wait_until_empty()
    go_live(gateway, second)
    change = ("integration", "change", "app", "--reason", "a test")
    assert "may not govern" in run(gateway, *change, "--sender", "@else.example", status=4, extra=dev).stderr
    assert "would lack its IAMS" in run(gateway, *change, "--iams", "", status=6).stderr
    clinical = run(gateway, *change, "--clinical", "yes", status=6)
    assert "clinical-safety reference" in clinical.stderr
    run(gateway, *change, "--title", "Letters", extra=second)
    run(gateway, "integration", "go-live", "app", "--go", "--reason", "again", status=6)
    gateway.do("integration", "suspend", "app", "--reason", "incident")
    assert gateway.ask("integration", "resume", "app")[0]["state"] == "live"
    gateway.do("integration", "retire", "app", "--reason", "replaced", "--yes")
    for step in (("resume", "app"), ("trial", "app"), ("change", "app", "--title", "x", "--reason", "a test")):
        run(gateway, "integration", *step, status=6)


def test_the_cmdb_by_command(gateway: Gateway, authority: Authority) -> None:
    create(gateway, "--purpose", "=1+1")
    gateway.do("integration", "trial", "app")
    assert "'=1+1" in gateway.do("cmdb", "export")
    assert gateway.ask("cmdb", "export")[0]["correlation_id"] == "wardmail/gateway.example/app"
    assert "WM-CONFIG-CMDB" in run(gateway, "cmdb", "push", status=2).stderr
    instance = Instance()
    with running_instance(authority.issue("localhost"), instance) as address:
        gateway.settings |= {
            "cmdb.instance": address,
            "cmdb.user": "wardmail",
            "cmdb.secret": "env:CMDB_SECRET",
            "cmdb.ca_file": str(authority.ca_file),
        }
        secret = {"CMDB_SECRET": "s3cret"}
        assert "would be INSERT" in run(gateway, "cmdb", "push", "--dry-run", extra=secret).stdout
        assert instance.rows == {}
        run(gateway, "cmdb", "push", extra=secret)
        (sys_id,) = instance.rows
        record = _shown(gateway)["registration"]
        assert isinstance(record, dict)
        assert record["cmdb_sys_id"] == sys_id
        assert "cmdb" not in _shown(gateway)["missing"]  # type: ignore[operator]
        instance.rows[sys_id]["correlation_id"] = "theirs"
        refused = run(gateway, "cmdb", "push", extra=secret, status=3)
        assert "WM-CMDB-REFUSED" in refused.stderr
        assert "s3cret" not in refused.stderr
        run(gateway, "cmdb", "push", extra={"CMDB_SECRET": "wrong"}, status=75)


def _logs_in(gateway: Gateway) -> bool:
    try:
        gateway.connect().close()
    except smtplib.SMTPAuthenticationError:
        return False
    return True


def _takes(gateway: Gateway, recipient: str) -> bool:
    with contextlib.closing(gateway.connect()) as client:
        return client.mail("app@trust.example")[0] == 250 and client.rcpt(recipient)[0] == 250


def _shown(gateway: Gateway, name: str = "app") -> dict[str, object]:
    return dict(json.loads(gateway.do("integration", "show", name, "--json")))
