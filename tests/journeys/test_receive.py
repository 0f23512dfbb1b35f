"""Mail that other servers bring: proved, judged, and in the application's Maildir; nothing without TLS, nothing lost."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.contract.test_returns import bounce as report_of
from tests.journeys.peers.dns import Dns, running_dns
from tests.journeys.peers.ground import Authority, wait_until
from tests.journeys.peers.postfix import running_postfix
from tests.journeys.receiving import LETTERS, ZONE, Receiver, letter, make_receiver, receiving
from tests.reports import A_DAY, dmarc_xml, gzipped, tls_json, zipped
from tests.reports import message as report_message
from wardmail.edges.clock import SystemClock
from wardmail.model.arrival import ArrivalState


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def dns() -> Iterator[Dns]:
    with running_dns(ZONE, {}) as running:
        yield running


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, authority: Authority, dns: Dns) -> Iterator[Receiver]:
    with receiving(make_receiver(tmp_path_factory.mktemp("receiver"), authority, dns)) as running:
        yield running


def bounce(address: str, of: str) -> bytes:
    head = b"From: postmaster@nhs.example\r\nTo: letters@trust.example\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\n"
    return head + b"MIME-Version: 1.0\r\nMessage-ID: <b@nhs.example>\r\nSubject: failed\r\n" + report_of(address, of)


def _its_copy(receiver: Receiver, name: str) -> bytes:
    return next(each for each in receiver.delivered() if name.encode() in each)


def test_it_is_proved_and_handed_over(receiver: Receiver) -> None:
    name = receiver.bring(letter())
    found = receiver.wait_for(name, ArrivalState.HANDED_OVER)
    assert (found.source, found.integration, found.sender) == ("letters", "app", "ward@nhs.example")
    message = _its_copy(receiver, name)
    assert b"Authentication-Results: gateway.example; spf=pass" in message
    assert b"dmarc=pass" in message
    assert f"Wardmail-Message-Id: {name}".encode() in message
    assert b"ESMTPS" in message.partition(b"Wardmail")[0]
    assert message.endswith(letter().partition(b"From:")[2])


def test_nothing_is_said_without_tls(receiver: Receiver) -> None:
    with contextlib.closing(receiver.connect(tls=False)) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        assert not client.has_extn("auth")
        assert client.mail("ward@nhs.example") == (530, b"5.7.0 Must issue a STARTTLS command first")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_none(receiver: Receiver) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with contextlib.closing(receiver.connect(tls=False)) as client, pytest.raises((ssl.SSLError, OSError)):
        client.starttls(context=context)


def test_what_comes_before_tls_is_not_heard_as_if_it_came_by_it(receiver: Receiver) -> None:
    with socket.create_connection(("localhost", receiver.port), timeout=20) as raw:
        raw.recv(1000)
        raw.sendall(b"EHLO x\r\n")
        raw.recv(1000)
        raw.sendall(b"STARTTLS\r\nMAIL FROM:<evil@nhs.example>\r\n")
        assert raw.recv(1000).startswith(b"220")
        with receiver.gateway.trust().wrap_socket(raw, server_hostname="localhost") as secured:
            secured.sendall(b"EHLO x\r\n")
            assert secured.recv(1000).startswith(b"250-")
            secured.sendall(f"RCPT TO:<{LETTERS}>\r\n".encode())
            assert secured.recv(1000).startswith(b"503")


def test_only_known_recipients_are_taken_and_guessing_ends(receiver: Receiver) -> None:
    with contextlib.closing(receiver.connect()) as client:
        assert client.mail("ward@nhs.example")[0] == 250
        assert client.rcpt("nobody@trust.example")[1].startswith(b"5.1.1")
        assert client.rcpt("victim@elsewhere.example")[0] == 550, "it relays for nobody"
        codes = [client.rcpt(f"guess{n}@trust.example")[0] for n in range(9)]
        assert codes[-1] == 421


def test_a_bounce_has_no_sender_and_is_taken(receiver: Receiver) -> None:
    name = receiver.bring(letter(7), sender="")
    assert b"Return-Path: <>" in _its_copy_when_there(receiver, name)


def _its_copy_when_there(receiver: Receiver, name: str) -> bytes:
    receiver.wait_for(name, ArrivalState.HANDED_OVER)
    return _its_copy(receiver, name)


def test_size_is_a_promise(receiver: Receiver) -> None:
    with contextlib.closing(receiver.connect()) as client:
        assert client.mail("ward@nhs.example", ["SIZE=99999999"])[0] == 552


def test_a_large_message_comes_whole(receiver: Receiver) -> None:
    large = letter(8, (b"y" * 76 + b"\r\n") * 40_000)
    name = receiver.bring(large)
    assert _its_copy_when_there(receiver, name).endswith(large.partition(b"From:")[2])


def test_a_postfix_delivers_over_verified_tls(receiver: Receiver, authority: Authority) -> None:
    settings = {
        "relay_domains": "trust.example",
        "transport_maps": f"inline:{{trust.example=smtp:[localhost]:{receiver.port}}}",
        "smtp_tls_security_level": "secure",
        "smtp_tls_secure_cert_match": "hostname",
        "smtp_tls_CAfile": str(authority.ca_file),
        "smtp_host_lookup": "native",
        "smtp_tls_mandatory_protocols": ">=TLSv1.2",
        "smtp_tls_loglevel": "1",
    }
    before = len(receiver.arrivals())
    with running_postfix(authority.issue("localhost"), settings=settings) as postfix:
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
            client.sendmail("ward@nhs.example", [LETTERS], letter(9))
        wait_until(lambda: "status=sent" in postfix.log(), f"Postfix to deliver: {postfix.log()[-1500:]}", 30)
        assert "stored as" in postfix.log()
        assert "Verified TLS connection established" in postfix.log()
    assert len(receiver.arrivals()) == before + 1


def test_a_mailbox_of_its_own_for_each_command(receiver: Receiver) -> None:
    gateway = receiver.gateway
    name = receiver.bring(letter(10))
    receiver.wait_for(name, ArrivalState.HANDED_OVER)
    (shown,) = gateway.ask("inbound", "show", name)
    assert shown["status"] == "handed-over"
    assert [each["event"] for each in shown["history"]] == ["MailReceived", "MailJudged", "MailHandedOver"]
    assert "a letter" not in str(shown), "no subject"
    assert b"Wardmail-Verdict" in gateway.do("inbound", "fetch", name).encode()
    why = "the café’s application lost it"
    gateway.do("inbound", "replay", name, "--reason", why)
    assert f": {why}" in gateway.do("inbound", "show", name)
    assert gateway.do("inbound", "redrive", "--all", "--yes", "--reason", "its disk has room again") == ""
    wait_until(lambda: _events(receiver, name).count("MailHandedOver") == 2, "the second handover")
    assert sum(name.encode() in each for each in receiver.delivered()) == 1, "its key is the file's name"
    days = gateway.ask("source", "reconcile")
    assert days[0]["unaccounted"] == 0
    assert days[0]["came"] == days[0]["receipted"] + days[0]["waiting"]


def test_a_bounce_about_what_we_sent_counts_and_reaches_the_application(receiver: Receiver) -> None:
    gateway = receiver.gateway
    ours = letter(20).replace(b"ward@nhs.example", b"app@trust.example")
    sent = gateway.send(ours, "gone@partner.example", sender="app@trust.example")
    gateway.wait_for_states(sent, "delivered")
    name = receiver.bring(bounce("gone@partner.example", sent), sender="")
    receiver.wait_for(name, ArrivalState.HANDED_OVER)
    assert b"Wardmail-Report: bounce" in _its_copy(receiver, name)
    assert [each["address"] for each in gateway.ask("suppression", "list")] == ["gone@partner.example"]
    forged = receiver.bring(bounce("gone@partner.example", "06DP0E9YQ4M7X2KZ3T"), sender="")
    receiver.wait_for(forged, ArrivalState.HANDED_OVER)
    assert b"Wardmail-Report" not in _its_copy(receiver, forged), "we sent no such message"


def _events(receiver: Receiver, name: str) -> list[str]:
    (shown,) = receiver.gateway.ask("inbound", "show", name)
    return [each["event"] for each in shown["history"]]


def test_reports_about_our_domains_are_read_by_the_gateway_itself(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, dns: Dns
) -> None:
    made = make_receiver(tmp_path_factory.mktemp("reports"), authority, dns)
    made.gateway.do("handover", "set", "app", "--kind", "reports")
    yesterday = int(SystemClock().now()) - A_DAY
    proved = dmarc_xml(began=yesterday, reporter="nhs.example", email="dmarc@nhs.example")
    forged = dmarc_xml(began=yesterday, report_id="2", reporter="nhs.example", email="dmarc@nhs.example")
    day = datetime.fromtimestamp(yesterday, UTC).date().isoformat()
    tls = gzipped(tls_json(day=day, changed={"contact-info": "tls@nhs.example"}))
    with receiving(made) as receiver:
        names = [
            receiver.bring(report_message(zipped(proved), sender="nhs.example")),
            receiver.bring(report_message(zipped(proved), sender="nhs.example")),
            receiver.bring(report_message(zipped(forged), sender="stranger.example"), sender="a@stranger.example"),
            receiver.bring(report_message(tls, "application/tlsrpt+gzip", "r.json.gz", sender="nhs.example")),
            receiver.bring(letter()),
        ]
        for name in names:
            receiver.wait_for(name, ArrivalState.HANDED_OVER)
        (dmarc,) = made.gateway.ask("report", "dmarc", "summary")
        assert (dmarc["reports"], dmarc["claims"], dmarc["good"], dmarc["bad"]) == (1, 1, 8, 3)
        (told,) = made.gateway.ask("report", "tls", "summary", "--domain", "trust.example")
        assert (told["reports"], told["bad"]) == (1, 2)
        listed = made.gateway.ask("report", "dmarc", "list")
        assert {each["standing"]: each["proved_sender"] for each in listed} == {
            "proved": "nhs.example",
            "claimed": None,
        }
        assert not receiver.delivered(), "no application is told"
        assert "big.example" not in made.gateway.log()
