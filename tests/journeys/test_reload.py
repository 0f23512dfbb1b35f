"""A gateway that stops, and one whose certificate is renewed, keep faith with those who are in the middle of something."""

from __future__ import annotations

import smtplib
import socket
import ssl
from pathlib import Path

import pytest

from tests.journeys.gateway import SENDER, Gateway, make_gateway, relay_to, running
from tests.journeys.peers.ground import Authority, free_port, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

LETTER = b"From: billing@trust.example\r\nSubject: letter\r\n\r\nhello\r\n"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_stopping_finishes_what_is_in_flight_and_sends_the_idle_away(tmp_path: Path, authority: Authority) -> None:
    gateway = make_gateway(tmp_path, authority, settings={"delivery.drain_seconds": "10"})
    relay_to(gateway, free_port())
    with running(gateway, workers=2):
        idle, busy = gateway.connect(), gateway.connect()
        busy.mail(SENDER)
        busy.rcpt("user@dest.example")
        busy.docmd("DATA")
        assert gateway.process is not None
        gateway.process.terminate()
        assert idle.getreply()[0] == 421
        wait_until(lambda: not _is_listening(gateway.port), "the port to close")
        busy.send(LETTER + b"\r\n.\r\n")
        assert busy.getreply()[0] == 250
        assert busy.getreply()[0] == 421
        assert gateway.process.wait(20) == 0
        assert gateway.waiting() == 1


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_renewed_certificate_is_for_new_sessions_and_the_old_one_goes_on(
    tmp_path: Path, authority: Authority
) -> None:
    gateway = make_gateway(tmp_path, authority)
    relay_to(gateway, free_port())
    with running(gateway, workers=2):
        old = gateway.connect()
        before = _certificate(old)
        authority.issue("localhost", "127.0.0.1")
        gateway.hang_up()
        wait_until(lambda: all(_new_certificate(gateway) != before for _ in range(6)), "the new certificate")
        old.mail(SENDER)
        old.rcpt("user@dest.example")
        assert old.data(LETTER)[0] == 250
        assert _certificate(old) == before


def _certificate(client: smtplib.SMTP) -> bytes:
    assert isinstance(client.sock, ssl.SSLSocket)
    found = client.sock.getpeercert(binary_form=True)
    assert found is not None
    return found


def _new_certificate(gateway: Gateway) -> bytes:
    with gateway.connect() as client:
        return _certificate(client)
