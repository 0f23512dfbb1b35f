"""A gateway that collects from a real Dovecot: handed over once, moved away only after the receipt, all accounted for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.peers.dns import Dns, running_dns
from tests.journeys.peers.dovecot_mail import MailDovecot, running_mailboxes
from tests.journeys.peers.ground import Authority, wait_until
from tests.journeys.receiving import ZONE, Receiver, letter, make_receiver, receiving
from wardmail.model.arrival import ArrivalState

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

HOP = b"Authentication-Results: mx.trust.example; spf=pass smtp.mailfrom=nhs.example; dmarc=pass header.from=nhs.example\r\n"
ACCOUNT = "svc-results@trust.example"


@pytest.fixture(scope="module")
def dns() -> Iterator[Dns]:
    with running_dns(ZONE, {}) as running:
        yield running


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def dovecot(authority: Authority) -> Iterator[MailDovecot]:
    with running_mailboxes(authority) as made:
        yield made


def collects(receiver: Receiver, dovecot: MailDovecot, kind: str = "imap") -> None:
    gateway = receiver.gateway
    port = dovecot.imap if kind == "imap" else dovecot.pop3
    where = ("--host", "localhost", "--port", port, "--username", ACCOUNT, "--ca-file", gateway.authority.ca_file)
    gateway.do(
        "source", "add", "results", "--kind", kind, "--integration", "app", *where, "--password-stdin",
        "--trust-hop", "mx.trust.example",
        stdin=dovecot.password,
    )  # fmt: skip


def count(receiver: Receiver) -> int:
    return len(receiver.arrivals(ArrivalState.HANDED_OVER))


SETTINGS = {"receive.collect_seconds": "1"}


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_it_is_collected_handed_over_and_only_then_taken_away(
    tmp_path: Path, authority: Authority, dns: Dns, dovecot: MailDovecot, kind: str
) -> None:
    receiver = make_receiver(tmp_path, authority, dns, settings=SETTINGS)
    receiver.gateway.do("handover", "set", "app", "--kind", "pull")
    for number in range(3):
        dovecot.deliver(ACCOUNT, str(number), HOP + letter(number))
    collects(receiver, dovecot, kind)
    (seen,) = receiver.gateway.ask("source", "check", "results")
    assert (seen["messages"], seen["waiting"]) == (3, 3)
    with receiving(receiver):
        wait_until(
            lambda: len(receiver.arrivals(ArrivalState.HANDING_OVER, ArrivalState.QUARANTINED)) == 3, "three", 30
        )
        assert len(dovecot.kept(ACCOUNT)) == 3, "the application has not said that it has them"
        for arrival in receiver.arrivals(ArrivalState.QUARANTINED):
            pytest.fail(str(receiver.gateway.ask("inbound", "show", arrival.id, "--reasons")))
        for arrival in receiver.arrivals(ArrivalState.HANDING_OVER):
            receiver.gateway.do("inbound", "ack", arrival.id)
        wait_until(lambda: dovecot.kept(ACCOUNT) == [], "the mailbox to be empty", 30)
        if kind == "imap":
            assert len(dovecot.kept(ACCOUNT, "Wardmail")) == 3, "moved, not deleted"
        (day,) = [each for each in receiver.gateway.ask("source", "reconcile", "results") if "day" in each]
        assert (day["came"], day["receipted"], day["unaccounted"]) == (3, 3, 0)


def test_a_new_uidvalidity_and_a_kill_bring_nothing_twice(
    tmp_path: Path, authority: Authority, dns: Dns, dovecot: MailDovecot
) -> None:
    receiver = make_receiver(tmp_path, authority, dns, settings=SETTINGS)
    receiver.gateway.do("handover", "set", "app", "--kind", "pull")
    for number in range(4):
        dovecot.deliver(ACCOUNT, str(number), HOP + letter(number))
    collects(receiver, dovecot)
    with receiving(receiver):
        wait_until(lambda: len(receiver.arrivals()) >= 2, "some", 60)
        receiver.gateway.kill()
    for index in (dovecot.directory / "mail" / ACCOUNT).glob("dovecot*"):
        # Dovecot is still tidying up after the connection that was cut.
        shutil.rmtree(index, ignore_errors=True) if index.is_dir() else index.unlink(missing_ok=True)
    with receiving(receiver):
        dovecot.deliver(ACCOUNT, "new", HOP + letter(99))
        wait_until(lambda: len(receiver.arrivals(ArrivalState.HANDING_OVER)) == 5, "all five", 40)
        wait_until(lambda: _waiting(receiver) == 0, "the new names to be known", 30)
        assert len(receiver.arrivals()) == 5


def _waiting(receiver: Receiver) -> int:
    (seen,) = receiver.gateway.ask("source", "check", "results")
    return int(seen["waiting"])


def test_a_person_a_shared_box_and_somebody_elses_account_are_refused(
    tmp_path: Path, authority: Authority, dns: Dns, dovecot: MailDovecot
) -> None:
    receiver = make_receiver(tmp_path, authority, dns)
    gateway = receiver.gateway
    gateway.do("integration", "create", "other", "--route", "sandbox", "--sender", "@trust.example")
    base = ("source", "add", "extra", "--kind", "imap", "--integration", "other", "--password-ref", "keystore:pw")

    def refused(*words: object) -> str:
        return gateway.run(*base, *words, status=2).stderr

    assert "looks like a person's own" in refused("--host", "localhost", "--username", "jane.smith@trust.example")
    assert "people share" in refused("--host", "localhost", "--username", "reception@trust.example")
    collects(receiver, dovecot)
    assert "belongs to source results" in refused("--host", "localhost", "--username", ACCOUNT.upper())
    assert "OAuth" in refused("--host", "outlook.office365.com", "--username", "svc-x@trust.example")
    with receiving(receiver):
        assert gateway.run("source", "check", "nowhere", status=5).stderr
