"""A gateway that lives from a vault: its master key, a route's password and a signing key are there, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.journeys.gateway import SENDER, Gateway, let_in, make_gateway, running
from tests.journeys.peers import vault
from tests.journeys.peers.ground import Authority, wait_until
from tests.journeys.peers.stage_server import Play, Stage, on_stage
from tests.journeys.peers.store_server import StoreServer, running_store
from wardmail.edges.master_key import new_master_key

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

LETTER = f"From: {SENDER}\r\nSubject: x\r\n\r\nhello\r\n".encode()
PASSWORDS = ["Of-Yesterday-4711", "Of-Today-0815"]


def plain(password: str) -> str:
    return "AUTH PLAIN " + base64.b64encode(f"\0gateway\0{password}".encode()).decode()


def living_from(kept: vault.Vault, server: StoreServer, home: Path, authority: Authority, stage: Stage) -> Gateway:
    kept.v2["wardmail/master"] = {"key": new_master_key().decode().strip()}
    kept.v2["wardmail/relay"] = {"password": PASSWORDS[0]}
    kept.keys["dkim"] = [rsa.generate_private_key(65537, 2048)]
    token = home / "vault-token"
    token.write_text(vault.TOKEN)
    token.chmod(0o600)
    settings = {
        "vault.address": f"https://localhost:{server.port}",
        "vault.ca_file": str(authority.ca_file),
        "vault.token": f"file:{token}",
        "keystore.master": "vault:team/kv/wardmail/master#key",
    }
    gateway = make_gateway(home, authority, settings=settings)
    where = ("--host", "localhost", "--port", stage.port, "--ca-file", authority.ca_file)
    login = ("--auth", "plain", "--username", "gateway", "--password-ref", "vault:team/kv/wardmail/relay#password")
    gateway.do("route", "create", "relay", "--kind", "smarthost", *where, *login)
    let_in(gateway, "relay")
    gateway.do("domain", "rotate", "trust.example", "--key", "vault-transit:transit/dkim")
    return gateway


async def test_a_gateway_that_lives_from_a_vault(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    authority, kept = Authority(tmp_path), vault.Vault()
    # The first log-in is taken. The next one is refused, as by an upstream whose password was changed; then all are.
    play = Play(
        features=["PIPELINING", "8BITMIME", "AUTH PLAIN"],
        lines={"AUTH": ["235 2.7.0 ok", "535 5.7.8 no", "235 2.7.0 ok"], "DOT": ["421 4.3.2 closing", "250 2.0.0 ok"]},
    )
    certificate = authority.issue("localhost")
    async with on_stage(play, certificate) as stage:
        with running_store(certificate, kept) as server:
            gateway = living_from(kept, server, tmp_path / "home", authority, stage)
            await asyncio.to_thread(_live, gateway, kept, server)
    heard = [line for line in stage.heard if line.startswith("AUTH")]
    assert heard[:3] == [plain(PASSWORDS[0]), plain(PASSWORDS[0]), plain(PASSWORDS[1])], "kept, refused, read again"
    assert all(b"d=trust.example" in each and b"a=rsa-sha256" in each for each in stage.messages)
    assert not (tmp_path / "home" / "data" / "master.key").exists()


def _live(gateway: Gateway, kept: vault.Vault, server: StoreServer) -> None:
    with running(gateway, workers=1):
        first = gateway.send(LETTER, "a@nhs.net")
        wait_until(lambda: bool(gateway.stored.history(first)[1:]), "the first attempt")
        kept.v2["wardmail/relay"] = {"password": PASSWORDS[1]}
        gateway.wait_for_states(first, "relayed")
        server.misbehave = lambda request: 503
        code, words = gateway.submit(LETTER, "b@nhs.net")
        assert code == 451, (code, words)
        assert "vault" not in words.lower()
        server.misbehave = lambda request: None
        second = gateway.send(LETTER, "b@nhs.net")
        gateway.wait_for_states(second, "relayed")
        (used,) = [each for each in gateway.ask("secret", "list") if each["reference"].startswith("vault:")]
        assert used["used_by"] == ["route relay"]
        assert used["since"] == "2026-11-20T10:11:12.000Z"
        assert gateway.ask("domain", "keys")[0]["kept_in"] == "vault-transit:transit/dkim"
        kept.about["wardmail/relay"] = {"expires": "2020-01-01"}
        said = gateway.run("doctor", "--json", status=None).stdout
        findings = [json.loads(line) for line in said.splitlines()]
        (expired,) = [each for each in findings if each["check"].startswith("Secret vault:")]
        assert expired["grade"] == "fault" and "has expired" in expired["found"]
    everything = said + gateway.log()
    assert not [each for each in (vault.TOKEN, *PASSWORDS, kept.v2["wardmail/master"]["key"]) if each in everything]
