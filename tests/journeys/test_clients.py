"""A newcomer's first hour: `wardmail run`, and every client and simulator that the tutorial speaks of."""

from __future__ import annotations

import contextlib
import os
import smtplib
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from scramp import ScramClient

from tests.journeys.gateway import WARDMAIL, Gateway, running_sandbox
from tests.journeys.peers.ground import Authority, need, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

SENDER = "app@demo.example"


class SandboxAuthority(Authority):
    """The one that `wardmail run` makes for itself."""

    def __init__(self, directory: Path) -> None:
        self.ca_file = directory / ".wardmail" / "tls" / "ca.pem"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("newcomer")
    quick: dict[str, Any] = {"delivery.retry_minutes": "0.01"}
    with running_sandbox(directory, SandboxAuthority(directory), **quick) as gateway:
        yield gateway


def letter(to: str, subject: str = "Hello") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, to, subject
    message.set_content("First message\n")
    return message


def delivered_to(sandbox: Gateway, address: str) -> None:
    """It shows in `messages` and in `trace`, and the copy is where the sandbox keeps mail."""
    sandbox.wait_for_states(address, "delivered")
    (line,) = sandbox.ask("messages", address)
    assert line["status"] == "delivered"
    (journey,) = sandbox.ask("trace", address)
    assert [event["kind"] for event in journey["events"]] == ["MessageAccepted", "AttemptMade"]
    kept = (sandbox.directory / "sandbox" / "new" / f"{line['id']}-0.eml").read_text()
    assert f"Delivered-To: {address}" in kept
    assert kept.count("DKIM-Signature: ") == 2


def printed(sandbox: Gateway, beginning: str) -> str:
    """The line that the welcome offers to be pasted."""
    wait_until(lambda: "Simulators:" in sandbox.log(), "the welcome")
    return next(line.strip() for line in sandbox.log().splitlines() if line.strip().startswith(beginning))


def paste(sandbox: Gateway, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line,
        shell=True,
        cwd=sandbox.directory.parent,
        capture_output=True,
        text=True,
        timeout=60,
        env=sandbox.environment,
    )


def test_swaks_as_the_welcome_prints_it(sandbox: Gateway) -> None:
    need("swaks")
    done = paste(sandbox, printed(sandbox, "swaks").replace("clinic@", "swaks@"))
    assert done.returncode == 0, done.stdout + done.stderr
    delivered_to(sandbox, "swaks@example.nhs.uk")


def test_curl_as_the_welcome_prints_it(sandbox: Gateway) -> None:
    need("curl")
    done = paste(sandbox, printed(sandbox, "printf").replace("bounce@sandbox.invalid", "curl@example.nhs.uk"))
    assert done.returncode == 0, done.stderr
    delivered_to(sandbox, "curl@example.nhs.uk")


def test_the_printed_command_sends_and_waits(sandbox: Gateway) -> None:
    done = paste(sandbox, printed(sandbox, f"{WARDMAIL} send --to clinic@"))
    assert done.returncode == 0, done.stderr
    assert "Delivered" in done.stdout
    delivered_to(sandbox, "clinic@example.nhs.uk")


def test_smtplib_over_both_ports(sandbox: Gateway) -> None:
    with smtplib.SMTP_SSL("localhost", sandbox.tls_port, context=sandbox.trust(), timeout=20) as client:
        client.login("demo", "demo")
        client.send_message(letter("implicit@example.nhs.uk"))
    with sandbox.connect("demo") as client:
        client.send_message(letter("starttls@example.nhs.uk"))
    delivered_to(sandbox, "implicit@example.nhs.uk")
    delivered_to(sandbox, "starttls@example.nhs.uk")


def test_a_client_that_trusts_others_is_warned_by_its_own_tls(sandbox: Gateway) -> None:
    with (
        contextlib.closing(smtplib.SMTP("localhost", sandbox.port, timeout=20)) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        client.starttls(context=ssl.create_default_context())


DJANGO = """
import django, sys
from django.conf import settings
settings.configure(EMAIL_HOST="localhost", EMAIL_PORT=int(sys.argv[1]), EMAIL_USE_TLS=True, EMAIL_HOST_USER="demo",
                   EMAIL_HOST_PASSWORD="demo", DEFAULT_FROM_EMAIL="app@demo.example")
django.setup()
from django.core.mail import send_mail
assert send_mail("Grüße", "Ein Text mit Umlauten: äöü", None, ["django@example.nhs.uk"]) == 1
"""


def test_django(sandbox: Gateway) -> None:
    environment = {**os.environ, "SSL_CERT_FILE": str(sandbox.authority.ca_file)}
    command = [sys.executable, "-W", "ignore", "-c", DJANGO, str(sandbox.port)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    delivered_to(sandbox, "django@example.nhs.uk")


def test_scram(sandbox: Gateway) -> None:
    scram = ScramClient(["SCRAM-SHA-256"], "demo", "demo")
    challenges = iter([scram.get_client_first])

    def answer(challenge: bytes | None = None) -> str:
        if challenge is None:
            return next(challenges)()
        if scram.stage is None or scram.stage.name == "get_client_first":
            scram.set_server_first(challenge.decode())
            return scram.get_client_final()
        scram.set_server_final(challenge.decode())
        return ""

    with contextlib.closing(smtplib.SMTP("localhost", sandbox.port, timeout=20)) as client:
        client.starttls(context=sandbox.trust())
        client.ehlo()
        assert "SCRAM-SHA-256" in client.esmtp_features["auth"]
        assert client.auth("SCRAM-SHA-256", answer)[0] == 235
        client.send_message(letter("scram@example.nhs.uk"))
    delivered_to(sandbox, "scram@example.nhs.uk")


def send(sandbox: Gateway, *words: str, status: int = 0) -> str:
    done = sandbox.run("send", "--subject", "Hello", "--text", "A message", *words, "--json", status=status)
    return done.stdout.partition('"id": "')[2].partition('"')[0]


def test_bounce_comes_back_as_a_report(sandbox: Gateway) -> None:
    message_id = send(sandbox, "--to", "bounce@sandbox.invalid")
    sandbox.wait_for_states(message_id, "bounced")
    (journey,) = sandbox.ask("trace", message_id)
    assert "5.1.1" in journey["recipients"][0]["last_reply"]
    kept = sandbox.directory / "sandbox" / "new"
    wait_until(lambda: any("Action: failed" in path.read_text() for path in kept.iterdir()), "the report")


def test_delay_is_tried_until_it_is_taken(sandbox: Gateway) -> None:
    message_id = send(sandbox, "--to", "delay@sandbox.invalid")
    sandbox.wait_for_states(message_id, "delivered")
    (journey,) = sandbox.ask("trace", message_id)
    tries = [event["detail"]["outcome"] for event in journey["events"] if event["kind"] == "AttemptMade"]
    assert tries == ["Deferred", "Deferred", "Delivered"]


def test_tlsfail_waits_and_does_not_slow_other_mail(sandbox: Gateway) -> None:
    message_id = send(sandbox, "--to", "tlsfail@sandbox.invalid")
    sandbox.wait_for_states(message_id, "deferred")
    wait_until(lambda: _attempts(sandbox, message_id) >= 3, "three attempts", 30)
    (journey,) = sandbox.ask("trace", message_id)
    assert "certificate has expired" in journey["recipients"][0]["last_reply"]
    began = time.monotonic()
    with sandbox.connect("demo") as client:
        client.send_message(letter("meanwhile@example.nhs.uk"))
    sandbox.wait_for_states("meanwhile@example.nhs.uk", "delivered")
    assert time.monotonic() - began < 3
    sandbox.ask("queue", "delete", message_id, "--reason", "was seen", "--yes")


def _attempts(sandbox: Gateway, message_id: str) -> int:
    return sum(event.kind == "AttemptMade" for event in sandbox.stored.history(message_id))


def test_held_waits_for_a_person(sandbox: Gateway) -> None:
    message_id = send(sandbox, "--to", "held@sandbox.invalid")
    assert sandbox.states(message_id) == ["held"]
    (held,) = [each for each in sandbox.ask("hold", "list") if each["id"] == message_id]
    assert held["to"] == "held@sandbox.invalid"
    (moss,) = sandbox.ask("person", "add", "r.moss", "--title", "R. Moss", "--role", "governance")
    release = ("hold", "release", message_id, "--reason", "was seen", "--by", "r.moss", "--yes")
    sandbox.run(*release, extra={"WARDMAIL_PERSON_KEY": moss["key"]})
    sandbox.wait_for_states(message_id, "delivered")
    (journey,) = sandbox.ask("trace", message_id)
    (released,) = [event for event in journey["events"] if event["kind"] == "HoldReleased"]
    assert (released["actor"], released["detail"]["reason"]) == ("r.moss", "was seen")


def test_a_dry_run_keeps_nothing(sandbox: Gateway) -> None:
    command = ("send", "--to", "someone@example.com", "--text", "NHS number 943 476 5919", "--dry-run")
    (said,) = sandbox.ask(*command)
    assert said["outcome"] == "hold"
    assert said["classification"] == "OFFICIAL-SENSITIVE"
    assert sandbox.states("someone@example.com") == []
    assert "example.com" not in str([event.detail for event in sandbox.stored.audit(0, 10_000)])


def test_waiting_for_the_outcome_tells_it(sandbox: Gateway) -> None:
    records = sandbox.ask("send", "--to", "waited@example.nhs.uk", "--text", "x", "--wait")
    assert records[-1]["status"] == "delivered"


def test_a_second_start_keeps_what_the_first_one_had(tmp_path: Path) -> None:
    for turn in (1, 2):
        with running_sandbox(tmp_path, SandboxAuthority(tmp_path)) as gateway:
            with gateway.connect("demo") as client:
                client.send_message(letter("twice@example.nhs.uk"))
            gateway.wait_for_states("twice@example.nhs.uk", *["delivered"] * turn)
            assert gateway.stop() == 0
