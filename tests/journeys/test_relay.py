"""The whole relay: an application, two workers, and a real Postfix with Dovecot and OpenDKIM as the smarthost."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.gateway import SENDER, USER, Gateway, let_in, make_gateway, running
from tests.journeys.peers.dovecot import running_dovecot
from tests.journeys.peers.ground import Authority, need, open_directory, wait_until
from tests.journeys.peers.opendkim import running_opendkim
from tests.journeys.peers.postfix import Postfix, running_postfix

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

MAILBOXES = ("anna", "bob", "large", "utf8", "held", "tagged", "plain", "swaks", "smuggled")

HEAD = b"From: Billing <billing@trust.example>\r\nSubject: Your appointment\r\n"

LETTER_WITH_AN_IMAGE = (
    b"--x\r\n\r\nSee the image.\r\n"
    b"--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n%b\r\n--x--\r\n"
)


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with open_directory("authority") as directory:
        yield Authority(directory)


@pytest.fixture(scope="module")
def installation(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    gateway = make_gateway(tmp_path_factory.mktemp("gateway"), authority)
    gateway.do("domain", "rotate", "trust.example")
    return gateway


@pytest.fixture(scope="module")
def upstream(authority: Authority, installation: Gateway) -> Iterator[Postfix]:
    """Takes mail for sink.example and for the senders' own domain, after a log-in, and checks its signatures."""
    records = [json.loads(line) for line in installation.do("domain", "dns", "trust.example", "--json").splitlines()]
    keys = {each["name"].rstrip("."): each["value"] for each in records if "_domainkey" in each["name"]}
    listed = "".join(f" {{{name}@sink.example = {name}/}}" for name in MAILBOXES)
    own = {
        "virtual_mailbox_domains": "inline:{{sink.example=x},{trust.example=x}}",
        "virtual_mailbox_maps": f"inline:{{{listed} {{{SENDER} = billing/}} }}",
        "message_size_limit": "60000000",
        "virtual_mailbox_limit": "0",
    }
    with running_dovecot("Upstream-Pass-9") as dovecot, running_opendkim(keys) as opendkim:
        settings = {**dovecot.postfix_settings, **opendkim.postfix_settings, **own}
        with running_postfix(authority.issue("localhost"), settings=settings) as postfix:
            yield postfix


@pytest.fixture(scope="module")
def gateway(authority: Authority, installation: Gateway, upstream: Postfix) -> Iterator[Gateway]:
    where = ("--host", "localhost", "--port", upstream.port, "--ca-file", authority.ca_file)
    login = ("--auth", "plain", "--username", "gateway@trust.example", "--password-stdin")
    for name, tag in (("relay", ()), ("tagging", ("--secure-tag", "[secure]"))):
        options = ("--kind", "smarthost", *where, *login, *tag)
        installation.do("route", "create", name, *options, stdin="Upstream-Pass-9\n")
        installation.do("route", "accredit", name, "--evidence", "test", "--expires", "2099-12-31")
    let_in(installation, "relay")
    let_in(installation, "tagging", user="clinic")
    with running(installation, workers=2) as started:
        yield started


def body_of(stored: bytes) -> bytes:
    """As it was on the wire: the mailbox keeps lines without CR."""
    return stored.partition(b"\n\n")[2].replace(b"\n", b"\r\n")


def field(stored: bytes, name: str) -> str:
    return str(email.message_from_bytes(stored, policy=email.policy.default).get(name, ""))


def verdicts(stored: bytes) -> int:
    return stored.count(b"dkim=pass")


def test_a_message_arrives_with_its_body_untouched_and_both_signatures_good(
    gateway: Gateway, upstream: Postfix
) -> None:
    body = b"Dear Anna,\r\n.a dotted line\r\n..two\r\n\r\n  spaces at the end  \r\n\tT\xc3\xa9l\r\n\r\n\r\n"
    message_id = gateway.send(HEAD + b"\r\n" + body, "anna@sink.example", mail_options=["BODY=8BITMIME"])
    (stored,) = upstream.wait_for_messages("anna", 1)
    assert body_of(stored) == body
    assert verdicts(stored) == 2, stored
    gateway.wait_for_states(message_id, "relayed")
    (line,) = gateway.ask("messages", message_id)
    assert "[secure]" not in field(stored, "Subject")
    assert line["to"] == "anna@sink.example"
    (attempt,) = [e for e in gateway.ask("trace", message_id)[0]["events"] if e["kind"] == "AttemptMade"]
    assert attempt["detail"]["tls"][:2] == ["VERIFIED", "VERIFIED"]
    assert "sasl_username=gateway@trust.example" in upstream.log()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_sends_to_several_and_every_signature_holds(gateway: Gateway, upstream: Postfix, mechanism: str) -> None:
    need("swaks")
    before = {mailbox: len(upstream.messages(mailbox)) for mailbox in ("swaks", "bob")}
    login = ["--auth", mechanism, "--auth-user", USER, "--auth-password", gateway.secrets[USER]]
    tls = ["--tls", "--tls-verify", "--tls-ca-path", str(gateway.authority.ca_file)]
    who = ["--to", "swaks@sink.example,bob@sink.example", "--from", SENDER]
    command = ["swaks", "--server", "localhost", "--port", str(gateway.port), *tls, *login, *who]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    for mailbox, count in before.items():
        assert verdicts(upstream.wait_for_messages(mailbox, count + 1)[-1]) == 2


def test_a_refused_recipient_is_reported_to_the_sender_through_the_upstream(
    gateway: Gateway, upstream: Postfix
) -> None:
    message_id = gateway.send(HEAD + b"\r\nhello\r\n", "bob@sink.example", "nobody@sink.example")
    gateway.wait_for_states(message_id, "bounced", "relayed")
    report = upstream.wait_for_message("billing", b"nobody@sink.example", b"5.1.1")
    parsed = email.message_from_bytes(report, policy=email.policy.default)
    assert parsed.get_content_type() == "multipart/report"
    statuses = [part for part in parsed.walk() if part.get_content_type() == "message/delivery-status"]
    text = statuses[0].as_string()
    assert "Final-Recipient: rfc822;nobody@sink.example" in text.replace("; ", ";")
    assert "Status: 5.1.1" in text
    assert "bob@sink.example" not in text
    assert "Return-Path: <>" in report.decode(errors="replace")
    gateway.wait_until_empty()


def test_a_sensitive_message_is_tagged_for_whom_the_upstream_must_encrypt(gateway: Gateway, upstream: Postfix) -> None:
    sensitive = HEAD + b"Wardmail-Classification: official-sensitive\r\n\r\nhello\r\n"
    gateway.send(sensitive, "tagged@sink.example", user="clinic")
    (stored,) = upstream.wait_for_messages("tagged", 1)
    assert field(stored, "Subject") == "[secure] Your appointment"
    assert verdicts(stored) == 2, stored
    assert b"Wardmail-Classification" not in stored


def test_without_a_tag_a_sensitive_message_is_held_until_a_person_lets_it_go(
    gateway: Gateway, upstream: Postfix
) -> None:
    message_id = gateway.send(
        HEAD + b"Wardmail-Classification: official-sensitive\r\n\r\nhello\r\n", "held@sink.example"
    )
    assert gateway.states(message_id) == ["held"]
    assert message_id in [line["id"] for line in gateway.ask("hold", "list")]
    gateway.run("hold", "release", message_id, "--reason", "agreed by telephone", "--yes")
    (stored,) = upstream.wait_for_messages("held", 1)
    assert verdicts(stored) == 2, stored
    gateway.wait_for_states(message_id, "relayed")


def test_secret_is_refused_and_nothing_of_it_is_kept(gateway: Gateway) -> None:
    code, reply = gateway.submit(HEAD + b"Wardmail-Classification: secret\r\n\r\nhello\r\n", "anna@sink.example")
    assert code == 550
    assert "5.7.1" in reply


def test_an_internationalised_sender_goes_through(gateway: Gateway, upstream: Postfix) -> None:
    message = "From: Büro <büro@trust.example>\r\nSubject: Grüße\r\n\r\nÄpfel\r\n".encode()
    with gateway.connect() as client:
        client.command_encoding = "utf-8"
        client.mail("büro@trust.example", ["SMTPUTF8", "BODY=8BITMIME"])
        assert client.rcpt("utf8@sink.example")[0] == 250
        assert client.data(message)[0] == 250
    (stored,) = upstream.wait_for_messages("utf8", 1)
    assert "Subject: Grüße".encode() in stored
    assert body_of(stored) == "Äpfel\r\n".encode()
    assert verdicts(stored) == 2, stored


def test_thirty_five_megabytes_arrive_whole(gateway: Gateway, upstream: Postfix) -> None:
    line = base64.b64encode(random.Random(1).randbytes(54)) + b"\r\n"
    image = line * ((34 * 1024 * 1024) // len(line))
    body = LETTER_WITH_AN_IMAGE % image
    gateway.send(
        HEAD + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n' + body, "large@sink.example"
    )
    (stored,) = upstream.wait_for_messages("large", 1, seconds=60)
    assert body_of(stored) == body
    assert verdicts(stored) == 2


def test_too_large_is_refused_before_it_is_sent(gateway: Gateway) -> None:
    with gateway.connect() as client:
        assert client.mail(SENDER, [f"SIZE={40 * 1024 * 1024}"])[0] == 552


def test_notify_and_envid_reach_the_upstream(gateway: Gateway, upstream: Postfix) -> None:
    gateway.send(
        HEAD + b"\r\nhello\r\n",
        "plain@sink.example",
        mail_options=["RET=HDRS", "ENVID=Ward-7"],
        rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;first@sink.example"],
    )
    report = upstream.wait_for_message("billing", b"Original-Envelope-Id: Ward-7").decode()
    assert "Original-Envelope-Id: Ward-7" in report
    assert "Original-Recipient: rfc822;first@sink.example" in report.replace("; ", ";")
    assert "Action: delivered" in report


def test_nobody_is_let_in_without_a_log_in_or_as_somebody_else(gateway: Gateway) -> None:
    with gateway.connect() as client:
        assert client.mail("director@other.example")[0] == 550
        assert client.mail(SENDER)[0] == 250
        assert client.rcpt("anna@sink.example")[0] == 250
        code, reply = client.data(b"From: director@other.example\r\n\r\nhello\r\n")
        assert code == 550, reply


def test_the_audit_holds_after_all_this(gateway: Gateway) -> None:
    wait_until(lambda: not gateway.waiting(), "the queue to be empty")
    (verdict,) = gateway.ask("audit", "verify")
    assert verdict["ok"]


def test_no_password_stands_in_the_record_of_a_route(gateway: Gateway) -> None:
    (route,) = gateway.ask("route", "show", "relay")
    assert route["secret_ref"].startswith("keystore:")
    for path in Path(gateway.directory).rglob("*"):
        assert not path.is_file() or b"Upstream-Pass-9" not in path.read_bytes(), path
