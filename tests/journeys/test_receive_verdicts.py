"""What becomes of bad mail: malware in quarantine and released by nobody, denied files taken out, a forged sender refused."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.peers.dns import Dns, running_dns
from tests.journeys.peers.ground import Authority, wait_until
from tests.journeys.peers.scanners import MALWARE, RunningScanner, running_clamd
from tests.journeys.receiving import LETTERS, ZONE, Receiver, letter, make_receiver, receiving
from wardmail.model.arrival import ArrivalState
from wardmail.store.inbox import ArrivalSearch

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def clamd() -> Iterator[RunningScanner]:
    with running_clamd() as running:
        yield running


@pytest.fixture(scope="module")
def dns() -> Iterator[Dns]:
    with running_dns(ZONE, {}) as running:
        yield running


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, dns: Dns, clamd: RunningScanner) -> Iterator[Receiver]:
    directory = tmp_path_factory.mktemp("receiver")
    made = make_receiver(directory, Authority(directory), dns, settings={"scan.clamd": str(clamd.socket)})
    made.gateway.do("handover", "set", "app", "--deny", ".exe", "--on-denied", "strip", "--on-dmarc-reject", "refuse")
    mail = ("--email", "gov@trust.example", "--role", "governance")
    made.gateway.do("person", "add", "gov", "--title", "Gov", *mail)
    with receiving(made) as running:
        yield running


def with_file(name: str, content: bytes) -> bytes:
    return (
        b"From: Ward <ward@nhs.example>\r\nTo: letters@trust.example\r\nSubject: a letter\r\nMIME-Version: 1.0\r\n"
        b"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <f@nhs.example>\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n'
        b'--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="%b"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n%b\r\n--b--\r\n" % (name.encode(), base64.b64encode(content))
    )


def _person(receiver: Receiver, name: str, role: str) -> dict[str, str]:
    (made,) = receiver.gateway.ask("person", "add", name, "--title", name, "--role", role)
    return {"WARDMAIL_BY": name, "WARDMAIL_PERSON_KEY": str(made["key"])}


def test_malware_is_kept_back_and_released_by_nobody(receiver: Receiver) -> None:
    gateway = receiver.gateway
    name = receiver.bring(with_file("results.txt", MALWARE))
    found = receiver.wait_for(name, ArrivalState.QUARANTINED)
    assert found.action == "quarantine"
    (listed,) = [each for each in gateway.ask("quarantine", "list") if each["id"] == name]
    assert "See the file" not in str(listed)
    ann, bob = _person(receiver, "ann", "governance"), _person(receiver, "bob", "governance")
    eve = _person(receiver, "eve", "viewer")
    release = ("quarantine", "release", name, "--reason", "I know the sender", "--yes")
    assert gateway.run(*release, extra=eve, status=4).stderr
    assert "another person must agree" in gateway.run(*release, extra=ann).stdout
    barred = gateway.run(*release, extra=bob, status=6).stderr
    assert "finds malware" in barred
    assert "Wardmail.Test.Malware" in barred
    assert receiver.wait_for(name, ArrivalState.QUARANTINED).proposed_by == ""
    gateway.run("quarantine", "delete", name, "--reason", "malware", "--yes", extra=ann)
    receiver.wait_for(name, ArrivalState.DELETED)
    assert not any(name.encode() in each for each in receiver.delivered())


def test_people_are_told_of_what_is_kept_back_and_not_what_it_says(receiver: Receiver) -> None:
    gateway = receiver.gateway
    receiver.wait_for(receiver.bring(with_file("other.txt", MALWARE)), ArrivalState.QUARANTINED)
    wait_until(lambda: bool(gateway.states("gov@trust.example")), "a notice", 30)
    gateway.wait_for_states("gov@trust.example", "delivered")
    events = gateway.ask("audit", "list", "--limit", 1000)
    told = next(each for each in events if "InboundAlerted" in each.values())
    assert (told["subject"], told["detail"]["told"]) == ("app", 1)
    sent = next((gateway.directory / "data" / "sandbox").rglob("*.eml")).read_bytes()
    assert b"in quarantine" in sent
    assert b"See the file" not in sent
    assert b"other.txt" not in sent
    assert b"ward@" not in sent


def test_evidence_covers_what_came_in(receiver: Receiver, tmp_path: Path) -> None:
    gateway = receiver.gateway
    name = next(each.id for each in receiver.arrivals(ArrivalState.DELETED))
    found = gateway.ask("evidence", "subject", "Ward@nhs.example", "--reason", "request 7")
    (line,) = [each for each in found if each["id"] == name]
    assert (line["direction"], line["status"]) == ("came in from the person", "deleted")
    assert {each["direction"] for each in gateway.ask("evidence", "subject", LETTERS, "--reason", "request 8")} == {
        "came in for the person"
    }
    made = ("evidence", "pack", "incident", "--out", tmp_path, "--reason", "malware", "--message", name)
    (pack,) = gateway.ask(*made)
    page = next(Path(each).read_text() for each in pack["files"] if each.endswith(".html"))
    assert "Messages that came in" in page
    assert "release barred by a scanner" in page
    assert name in page
    assert "See the file" not in page
    assert "results.txt" not in page


def test_a_denied_file_is_replaced_by_a_notice_and_the_original_stays(receiver: Receiver) -> None:
    name = receiver.bring(with_file("tool.exe", b"MZ" + bytes(400)))
    wait_until(lambda: bool(receiver.inbox.search(_about(name))[0].action), "a verdict")
    found = receiver.inbox.search(_about(name))[0]
    if found.action == "quarantine":  # it may be found dangerous as well
        assert not any(name.encode() in each for each in receiver.delivered())
        return
    receiver.wait_for(name, ArrivalState.HANDED_OVER)
    message = next(each for each in receiver.delivered() if name.encode() in each)
    assert b"Wardmail-Verdict: strip" in message
    assert b"Wardmail-Removed: tool.exe" in message
    assert b"TVoAAAAA" not in message
    assert f"name {name}".encode() in message


def _about(name: str) -> ArrivalSearch:
    return ArrivalSearch(name, limit=1)


def test_a_sender_whose_domain_asks_for_it_is_refused_at_once(receiver: Receiver) -> None:
    before = len(receiver.delivered())
    with contextlib.closing(receiver.connect()) as client:
        client.mail("evil@other.example")
        client.rcpt(LETTERS)
        code, reply = client.data(letter(5))
    assert (code, reply.startswith(b"5.7.1")) == (550, True), reply
    (refused,) = receiver.arrivals(ArrivalState.REFUSED)
    assert refused.sender == "evil@other.example"
    assert len(receiver.delivered()) == before


def test_a_scanner_that_goes_away_is_waited_for(tmp_path: Path, dns: Dns) -> None:
    with running_clamd() as clamd:
        settings = {"scan.clamd": str(clamd.socket)}
        receiver = make_receiver(tmp_path, Authority(tmp_path), dns, settings=settings)
        with receiving(receiver):
            receiver.wait_for(receiver.bring(letter(1)), ArrivalState.HANDED_OVER)
            clamd.socket.rename(clamd.socket.with_name("gone"))
            name = receiver.bring(letter(2))
            waiting = receiver.wait_for(name, ArrivalState.RECEIVED)
            wait_until(lambda: "clamd" in receiver.wait_for(name, ArrivalState.RECEIVED).why, "the reason to be told")
            assert waiting.action == ""
            clamd.socket.with_name("gone").rename(clamd.socket)
            receiver.wait_for(name, ArrivalState.HANDED_OVER, 60)
