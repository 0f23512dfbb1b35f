"""The other ways out, end to end: Exchange Online's log-in by token, direct delivery by DNS, REQUIRETLS on every hop."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.journeys.gateway import Gateway, let_in, make_gateway, running
from tests.journeys.peers.dns import running_dns
from tests.journeys.peers.dovecot import running_dovecot
from tests.journeys.peers.ground import Authority, free_port, need
from tests.journeys.peers.postfix import running_postfix
from tests.journeys.peers.stage_server import Play, on_stage
from tests.journeys.peers.web import Page, running_web

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

LETTER = b"From: billing@trust.example\r\nSubject: Your appointment\r\n\r\nhello\r\n"

MX = "198.51.100.25"
"""Not in 127/8: direct delivery refuses to deliver to its own machine."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    tmp_path.chmod(0o755)
    return Authority(tmp_path)


def attempts(gateway: Gateway, message_id: str) -> list[dict[str, Any]]:
    return [each.detail for each in gateway.stored.history(message_id) if each.kind == "AttemptMade"]


def test_exchange_online_is_logged_in_to_by_a_token(tmp_path: Path, authority: Authority) -> None:
    user, grants = "appointments@trust.example", []

    def give_token(_host: str, _path: str, form: bytes) -> Page:
        grants.append(form)
        return Page(json.dumps({"access_token": "token-1", "expires_in": 3600, "token_type": "Bearer"}).encode())

    certificate = authority.issue("upstream.localhost", "localhost")
    gateway = make_gateway(tmp_path, authority)
    with (
        running_dovecot() as dovecot,
        running_postfix(certificate, settings=dovecot.postfix_settings) as upstream,
        running_web(certificate, give_token) as web,
    ):
        dovecot.tokens["token-1"] = user
        where = ("--host", "localhost", "--port", upstream.port, "--ca-file", authority.ca_file, "--username", user)
        oauth = ("--token-endpoint", f"https://localhost:{web.port}/token", "--client-id", "client-1")
        grant = ("--scope", "https://outlook.office365.com/.default", "--client-secret-stdin")
        options = ("--kind", "exchange-online", *where, *oauth, *grant)
        gateway.do("route", "create", "exchange", *options, stdin="Client-Secret-7\n")
        let_in(gateway, "exchange")
        with running(gateway, workers=1):
            sent = [gateway.send(LETTER, "anna@sink.example") for _ in range(3)]
            upstream.wait_for_messages("anna", 3)
            for message_id in sent:
                gateway.wait_for_states(message_id, "relayed")
        assert f"sasl_method=XOAUTH2, sasl_username={user}" in upstream.log()
    assert len(grants) == 1
    assert b"grant_type=client_credentials" in grants[0]
    assert "Client-Secret-7" not in gateway.log() + gateway.do("route", "show", "exchange", "--json")
    assert "token-1" not in gateway.log()


@contextlib.contextmanager
def own_address(address: str) -> Iterator[None]:
    """One more address of the loopback device, which only root may add."""
    need("ip")
    if os.getuid() != 0:
        pytest.skip("only root may give this machine another address")
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    try:
        yield
    finally:
        subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True)


def zones(port: int, certificate: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    mx = ["@ MX 10 mx", f"mx A {MX}"]
    signed = [*mx, f"_{port}._tcp.mx TLSA 3 1 1 {digest}"]
    return {"plain.example": [*mx, "null MX 0 ."]}, {"sink.example": signed}


def test_direct_delivery_finds_the_server_and_proves_it_by_dane(tmp_path: Path, authority: Authority) -> None:
    certificate, port = authority.issue("mx.sink.example"), free_port()
    plain, signed = zones(port, certificate.certificate)
    with (
        own_address(MX),
        running_dns(plain, signed) as dns,
        running_postfix(certificate, address=MX, port=port) as server,
    ):
        nameserver = {"delivery.nameservers": f"127.0.0.1:{dns.port}", "delivery.direct_port": str(port)}
        gateway = make_gateway(tmp_path, authority, settings=nameserver)
        gateway.do("route", "create", "direct", "--kind", "direct")
        let_in(gateway, "direct")
        with running(gateway, workers=1):
            message_id = gateway.send(LETTER, "anna@sink.example", "x@null.plain.example", "x@nowhere.plain.example")
            server.wait_for_messages("anna", 1)
            gateway.wait_for_states(message_id, "bounced", "bounced", "delivered")
            first = next(each for each in attempts(gateway, message_id) if each["n"] == 0)
            assert first["tls"][1] == "VERIFIED"
            assert "DANE" in first["proof"]


async def test_requiretls_is_asked_of_the_next_hop_or_the_message_comes_back(
    tmp_path: Path, authority: Authority
) -> None:
    certificate = authority.issue("upstream.localhost", "localhost")
    gateway = make_gateway(tmp_path, authority)
    willing = Play(features=["PIPELINING", "8BITMIME", "SIZE 0", "DSN", "REQUIRETLS"])
    async with on_stage(willing, certificate) as able, on_stage(Play(), certificate) as unable:
        for name, stage in (("able", able), ("unable", unable)):
            where = ("--host", "localhost", "--port", stage.port, "--ca-file", authority.ca_file)
            gateway.do("route", "create", name, "--kind", "smarthost", *where)
            let_in(gateway, name, user=name)
        await asyncio.to_thread(_send_requiring_tls, gateway)
        assert [line for line in able.heard if line.startswith("MAIL") and " REQUIRETLS" in line]
        assert len(able.messages) == 1
        assert [line.split()[1] for line in unable.heard if line.startswith("MAIL")] == ["FROM:<>"]
        (report,) = unable.messages
        assert b"5.7.30" in report


def _send_requiring_tls(gateway: Gateway) -> None:
    with running(gateway, workers=1):
        for user, fate in (("able", "relayed"), ("unable", "bounced")):
            message_id = gateway.send(LETTER, "anna@sink.example", user=user, mail_options=["REQUIRETLS"])
            gateway.wait_for_states(message_id, fate)
        gateway.wait_until_empty()
