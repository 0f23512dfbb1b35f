"""Programs that prove themselves by what they sign, or by the certificate of their connection, to a real gateway."""

from __future__ import annotations

import json
import secrets
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.journeys.gateway import Gateway, go_live_at_once, make_gateway, running
from tests.journeys.peers.ground import Authority, CertificateFilesOnDisk, free_port, open_directory, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

LETTER = {"from": "billing@trust.example", "to": ["a@nhs.net"], "subject": "Hello", "text": "Good morning."}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Ground:
    gateway: Gateway
    clients: Authority
    address: str
    directory: Path
    key: RSAKey
    own: CertificateFilesOnDisk
    test_key: str

    def caller(self, context: ssl.SSLContext | None = None) -> httpx2.Client:
        return httpx2.Client(verify=context or self.gateway.trust(), base_url=self.address, trust_env=False)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with open_directory("credentials") as directory:
        for name in ("authority", "clients", "strangers"):
            (directory / name).mkdir()
        clients, port = Authority(directory / "clients"), free_port()
        address = f"https://localhost:{port}"
        settings = {
            "listen.https": f"127.0.0.1:{port}",
            "listen.client_ca_file": str(clients.ca_file),
            "pages.address": address,
        }
        gateway = make_gateway(directory / "gateway", Authority(directory / "authority"), settings=settings)
        gateway.do("route", "create", "sandbox", "--kind", "sandbox")
        gateway.do("integration", "create", "app", "--route", "sandbox", "--sender", "@trust.example")
        go_live_at_once(gateway, "app")
        key, public, own = RSAKey.generate_key(2048), directory / "app.pub", clients.issue("app.example")
        public.write_bytes(key.as_pem(private=False))
        add = ("integration", "credential", "add", "app", "--username")
        (signer,) = gateway.ask(*add, "signer", "--public-key", public)
        (by_tls,) = gateway.ask(*add, "tls-app", "--certificate", own.certificate)
        assert "secret" not in {**signer, **by_tls}
        (tester,) = gateway.ask(*add, "tester", "--test")
        assert tester["key"] == f"wmk_test_tester.{tester['secret']}"
        with running(gateway):
            yield Ground(gateway, clients, address, directory, key, own, tester["key"])


def signed(ground: Ground) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": "signer", "sub": "signer", "aud": f"{ground.address}/oauth2/token", "iat": now, "exp": now + 60}
    text = jwt.encode({"alg": "PS256"}, {**claims, "jti": secrets.token_hex(8)}, ground.key, algorithms=["PS256"])
    return {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": text}


def test_a_program_signs_gets_a_token_and_sends_by_any_worker(ground: Ground) -> None:
    with ground.caller() as http:
        once = signed(ground)
        assert [http.post("/oauth2/token", data=once).status_code for _ in range(3)] == [200, 401, 401]
        token = http.post("/oauth2/token", data=signed(ground)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(8):  # each connection may come to another worker
        with ground.caller() as http:
            assert http.post("/v1/messages", json=LETTER, headers=headers).status_code == 202
    ground.gateway.do("integration", "credential", "revoke", "signer")
    with ground.caller() as http:
        wait_until(lambda: http.get("/v1/messages", headers=headers).status_code == 401, "the end of the token")


def test_a_certificate_of_the_connection_serves_and_another_does_not(ground: Ground) -> None:
    own, other = ground.own, ground.clients.issue("other.example")

    def context(certificate: Path, key: Path) -> ssl.SSLContext:
        made = ground.gateway.trust()
        made.load_cert_chain(certificate, key)
        return made

    with ground.caller(context(own.certificate, own.key)) as http:
        assert http.post("/v1/messages", json=LETTER).status_code == 202
    with ground.caller(context(other.certificate, other.key)) as http:
        assert http.get("/v1/messages").status_code == 401
    with ground.caller() as http:
        assert http.get("/v1/messages").status_code == 401
        assert http.get("/log-in").status_code == 200, "people need none"
    strange = Authority(ground.directory / "strangers").issue("app.example")
    with ground.caller(context(strange.certificate, strange.key)) as http, pytest.raises(httpx2.HTTPError):
        http.get("/v1/messages")


def test_a_test_key_says_so_and_what_it_sends_stays_here(ground: Ground) -> None:
    headers = {"Authorization": f"Bearer {ground.test_key}"}
    with ground.caller() as http:
        sent = http.post("/v1/messages", json=LETTER, headers=headers).json()
        assert [each["route"] for each in sent["recipients"]] == ["sandbox"], json.dumps(sent)
    ground.gateway.wait_for_states(sent["id"], "delivered")
