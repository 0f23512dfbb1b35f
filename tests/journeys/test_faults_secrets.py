"""Secrets that were planted are looked for wherever a gateway writes: logs, output, database, spool, keystore."""

from __future__ import annotations

import asyncio
import base64
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.gateway import SENDER, USER, Gateway, let_in, make_gateway, running
from tests.journeys.peers import softhsm, vault
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.stage_server import Play, on_stage
from tests.journeys.peers.store_server import running_store
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

SUBJECT, WORDS, PASSWORD = "Planted-Subject-4711", "Planted-Words-0815", "Planted-Password-1234"

PASSPHRASE, VAULT_TOKEN = "Planted passphrase of many words", "hvs.PlantedTokenThatIsRefused0123"
FAR = ("--username", "gateway", "--password-ref", "vault:team/kv/relay#password")
FILL = "import sys; from tests.journeys.peers.softhsm import fill; fill(sys.argv[1])"

LETTER = (
    f"From: {SENDER}\r\nSubject: {SUBJECT}\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
    f"%b\r\n{WORDS}\r\n"
).encode()

REFUSING = Play(features=["PIPELINING", "8BITMIME", "AUTH PLAIN"], lines={"AUTH": ["535 5.7.8 no"]})


async def test_nothing_that_was_planted_is_found_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a passphrase as master key, a token that signs, and a vault that refuses the token we have for it."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "hsm").mkdir()
    authority = Authority(tmp_path)
    for name, secret in (("PASSPHRASE", PASSPHRASE), ("PIN", softhsm.PIN), ("VAULT_TOKEN", VAULT_TOKEN)):
        monkeypatch.setenv(f"PLANTED_{name}", secret)
    refusing = vault.Vault(tokens=set())
    with softhsm.token(tmp_path / "hsm") as module, running_store(authority.issue("localhost"), refusing) as server:
        settings = {
            "log.level": "debug",
            "keystore.master": "env:PLANTED_PASSPHRASE",
            "pkcs11.module": module,
            "pkcs11.pin": "env:PLANTED_PIN",
            "pkcs11.token": softhsm.LABEL,
            "vault.address": f"https://localhost:{server.port}",
            "vault.ca_file": str(authority.ca_file),
            "vault.token": "env:PLANTED_VAULT_TOKEN",
        }
        subprocess.run([sys.executable, "-c", FILL, module], check=True)
        gateway = make_gateway(home, authority, settings=settings)
        await _find_nothing(gateway, authority, home)


async def _find_nothing(gateway: Gateway, authority: Authority, home: Path) -> None:
    async with on_stage(REFUSING, authority.issue("upstream.localhost", "localhost")) as stage:
        where = ("--host", "localhost", "--port", stage.port, "--ca-file", authority.ca_file)
        login = ("--auth", "plain", "--username", "gateway", "--password-stdin")
        gateway.do("route", "create", "relay", "--kind", "smarthost", *where, *login, stdin=PASSWORD)
        let_in(gateway, "relay")
        gateway.do("route", "create", "far", "--kind", "smarthost", *where[:4], "--auth", "plain", *FAR)
        gateway.do("domain", "rotate", "trust.example")
        gateway.run("domain", "rotate", "gateway.example", "--key", "pkcs11:object=dkim-rsa")
        said = await asyncio.to_thread(_use, gateway)
        assert stage.count("AUTH") > 0
    planted = [SUBJECT, WORDS, PASSWORD, gateway.secrets[USER], PASSPHRASE, softhsm.PIN, VAULT_TOKEN]
    needles = [form for text in planted for form in (text.encode(), base64.b64encode(text.encode()))]
    needles += _private_keys(home)
    heard = (said + gateway.log()).encode()
    assert b"WM-" in heard and b"attempt" in heard and b"it answered 403" in heard
    assert not [needle for needle in needles if needle in heard]
    written = [path for path in home.rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".db", ".sealed", ".json", ".toml"}
    for path in written:
        content = path.read_bytes()
        assert not [needle for needle in needles if needle in content], path
        assert path.stat().st_mode & 0o007 == 0, f"others can use {path}"


def _private_keys(home: Path) -> list[bytes]:
    """Every private and data key of the keystore, in the forms in which it might be written somewhere."""
    keystore = Keystore.open(home / "data" / "keystore.json", MasterKey(PASSPHRASE.encode()))
    secrets = [keystore.reveal(each.name) for each in keystore.entries() if "key" not in each.meta]
    assert len(secrets) >= 4
    return [form for secret in secrets for form in (secret, base64.b64encode(secret), secret.hex().encode())]


def test_a_careless_administrators_secrets_are_found_and_not_repeated(tmp_path: Path) -> None:
    """In the settings file and the environment, where a reference belongs, and in the database's address."""
    (tmp_path / "home").mkdir()
    gateway = make_gateway(tmp_path / "home", Authority(tmp_path))
    drop_in = tmp_path / "home" / "wardmail.d"
    drop_in.mkdir()
    (drop_in / "careless.toml").write_text(
        f'[notices]\nwebhook_secret = "{PASSWORD}"\n[vault]\nrole = "{VAULT_TOKEN}"\ntoken = "{PASSWORD}"\n'
    )
    (drop_in / "careless.toml").chmod(0o644)
    gateway.settings["azure.client_secret"] = PASSWORD
    said = []
    for words in (("config", "show", "--origin"), ("config", "show", "--json"), ("doctor",), ("doctor", "--json")):
        answer = gateway.run(*words, status=None)
        said.append(answer.stdout + answer.stderr)
    for words in (("serve",), ("secret", "list"), ("secret", "show", f"vault:{PASSWORD}"), ("secret", "put", "x y")):
        answer = gateway.run(*words, stdin=PASSWORD, status=None)
        said.append(answer.stdout + answer.stderr)
    gateway.settings["gateway.database"] = f"postgresql://wardmail:{PASSWORD}@localhost:1/wardmail"
    for words in (("config", "show"), ("messages",), ("doctor",)):
        answer = gateway.run(*words, status=None)
        said.append(answer.stdout + answer.stderr)
    for each in said:
        assert PASSWORD not in each, each
        assert VAULT_TOKEN not in each, each
    assert "vault.token holds something that is no reference" in said[2]
    assert "azure.client_secret" in said[2] and "vault.role" in said[2] and "chmod 640" in said[2]


def _use(gateway: Gateway) -> str:
    """A message that waits, one that is held, one that is spooled, a wrong log-in; and what the commands say then."""
    with running(gateway, workers=2):
        sent = [
            gateway.send(LETTER % b"", "a@nhs.net"),
            gateway.send(LETTER % b"Wardmail-Classification: official-sensitive\r\n", "b@example.com"),
            gateway.send(LETTER % b"" + b"filler\r\n" * 400_000, "c@nhs.net"),
        ]
        gateway.wait_for_states(sent[0], "deferred")
        gateway.wait_for_states(sent[2], "deferred")
        with smtplib.SMTP("localhost", gateway.port, timeout=20) as client:
            client.starttls(context=gateway.trust())
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login(USER, f"{gateway.secrets[USER]}-but-wrong")
        questions: list[tuple[object, ...]] = [("trace", each) for each in sent]
        questions += [("hold", "show", sent[1]), ("queue", "list"), ("route", "show", "relay"), ("secret", "list")]
        questions += [("secret", "show", "keystore:route-relay-password"), ("config", "show"), ("doctor",)]
        questions += [("keys", "show"), ("retention", "show"), ("domain", "keys"), ("domain", "dns", "trust.example")]
        questions += [("audit", "list", "--limit", 500, "--json"), ("route", "list"), ("integration", "show", USER)]
        questions += [("secret", "show", FAR[-1]), ("secret", "list", "--json"), ("route", "show", "relay", "--json")]
        answers = [gateway.run(*question, status=None) for question in questions]
    return "".join(answer.stdout + answer.stderr for answer in answers)
