"""The policy's life from the command line: draft, check, simulate, approve by another, activate, explain old and new."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.gateway import SENDER, Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority, wait_until

_RULES = """
[[rule]]
id = "no-webmail"
source = "LOCAL-7"
why = "letters do not go to webmail"
when = { any = [ { recipient-is-at = "webmail.example" }, { recipient-is-at = "*.webmail.example" } ] }
then = { refuse = { code = 550, status = "5.7.1", public = "Letters do not go to webmail", error = "WM-SITE-WEBMAIL" } }

[[rule.example]]
recipient = "someone@webmail.example"
outcome = "refuse"
"""
_MESSAGE = f"From: {SENDER}\r\nSubject: Hello\r\n\r\nGood morning.\r\n".encode()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("gateway")
    made = make_gateway(directory, Authority(directory))
    made.do("route", "create", "sandbox", "--kind", "sandbox")
    let_in(made, "sandbox")
    with running(made, workers=2):
        yield made


def _codes(gateway: Gateway, recipient: str) -> set[int]:
    """What several sessions say to this recipient: they are spread over the workers."""
    codes = set()
    for _ in range(6):
        with contextlib.closing(gateway.connect()) as client:
            client.mail(SENDER)
            codes.add(client.rcpt(recipient)[0])
    return codes


def test_a_rule_comes_into_force_in_every_process_and_old_messages_keep_their_reasons(
    gateway: Gateway, tmp_path: Path
) -> None:
    key = json.loads(gateway.do("person", "add", "bo", "--title", "Bo", "--role", "governance", "--json"))["key"]
    bo = {"WARDMAIL_PERSON_KEY": key, "WARDMAIL_BY": "bo"}
    before = gateway.send(_MESSAGE, "a@webmail.example")
    file = tmp_path / "policy.toml"
    file.write_text(_RULES)

    (drafted,) = gateway.ask("policy", "apply", file, "--reason", "IG-12")
    version = drafted["version"]
    assert drafted["changes"] == [{"rule": "no-webmail", "change": "added"}]
    assert "is draft" in gateway.run("policy", "approve", version, "--reason", "all fine", status=6, extra=bo).stderr
    gateway.do("policy", "check", version)
    simulated = gateway.ask("policy", "simulate", version, "--last", "1d")
    assert simulated[-1]["would_change"] == 1
    assert (simulated[0]["domain"], simulated[0]["would"], simulated[0]["example"]) == (
        "webmail.example",
        "Refuse",
        before,
    )
    own = gateway.run("policy", "approve", version, "--reason", "all fine", status=6)
    assert "another person must approve" in own.stderr
    gateway.run("policy", "approve", version, "--reason", "all fine", extra=bo)
    assert "site-" not in gateway.ask("policy", "explain", before)[0]["policy"]
    gateway.do("policy", "activate", version, "--reason", "from today")

    wait_until(lambda: _codes(gateway, "c@webmail.example") == {550}, "the rule in every worker", 10)
    (explained,) = gateway.ask("policy", "explain", before)
    assert explained["outcome"] == "refuse"
    assert explained["decided_then"].startswith("deliver")
    assert [hit["rule"] for hit in explained["because"]] == ["no-webmail"]
    (supposed,) = gateway.ask("policy", "explain", "--from", SENDER, "--to", "x@y.webmail.example")
    assert supposed["outcome"] == "refuse"
    assert gateway.ask("audit", "verify")[0]["ok"] is True


def test_activation_of_an_outdated_draft_is_refused(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(_RULES.replace("no-webmail", "no-mail-1"))
    first = gateway.ask("policy", "apply", file, "--reason", "the one")[0]["version"]
    file.write_text(_RULES.replace("no-webmail", "no-mail-2"))
    second = gateway.ask("policy", "apply", file, "--reason", "the two")[0]["version"]
    key = json.loads(gateway.do("person", "add", "cy", "--title", "Cy", "--role", "governance", "--json"))["key"]
    cy = {"WARDMAIL_PERSON_KEY": key, "WARDMAIL_BY": "cy"}
    for version in (first, second):
        gateway.do("policy", "check", version)
        gateway.run("policy", "approve", version, "--reason", "all fine", extra=cy)
    gateway.do("policy", "activate", first, "--reason", "the one")
    outdated = gateway.run("policy", "activate", second, "--reason", "the two", status=6)
    assert "WM-POLICY-OUTDATED" in outdated.stderr


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rule = 1", "[[rule]] tables only"),
        ("[[rule]\n", "no TOML"),
        (_RULES.replace("recipient-is-at", "recipient-lives-at"), "no condition 'recipient-lives-at'"),
        (_RULES.replace("refuse = {", "route-by-integration = {"), "WM-POLICY-FILE"),
        ("\x00", "no TOML"),
    ],
)
def test_bad_files_are_told(gateway: Gateway, tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    done = gateway.run("policy", "apply", file, "--reason", "a test", status=2)
    assert why in done.stderr
    assert "Traceback" not in done.stderr
