"""Stores of secrets that misbehave: every way ends as Unavailable, in time, and without a word that was sent or received."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.outside import (
    OURS,
    SECRET,
    AzureAtHand,
    VaultAtHand,
    azure_at_hand,
    own,
    vault_at_hand,
    vault_settings,
)
from tests.journeys.peers import softhsm, vault
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.store_server import Request, running_store
from wardmail.edges.outside_stores import OutsideStores, StoreSettings
from wardmail.model.refusal import Unavailable

pytestmark = [pytest.mark.journey, pytest.mark.timeout(60)]

REFERENCE = "vault:team/kv/smtp/nhs mail#password"
KEY = "vault-transit:transit/dkim-rsa"
QUIET = 0.6


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def at_hand(authority: Authority) -> Iterator[VaultAtHand]:
    with vault_at_hand(authority, timeout=QUIET) as opened:
        yield opened


def unavailable(stores: OutsideStores, reference: str = REFERENCE) -> str:
    """What is said; and that it holds nothing of what a log must not hold."""
    with pytest.raises(Unavailable) as caught:
        stores.read(reference)
    said = str(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__ and caught.value.args)
    assert not [each for each in (*OURS.values(), SECRET, "localhost", "Bearer") if each in said], said
    return str(caught.value)


@pytest.mark.parametrize("status", [301, 307, 400, 403, 404, 412, 429, 472, 500, 502, 503])
def test_statuses(at_hand: VaultAtHand, status: int) -> None:
    at_hand.server.misbehave = lambda request: status
    assert str(status) in unavailable(at_hand.stores)


def test_a_sealed_vault_is_called_so(at_hand: VaultAtHand) -> None:
    at_hand.server.misbehave = lambda request: 503
    assert "sealed" in unavailable(at_hand.stores)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not JSON",
        b"[]",
        b"null",
        b'{"data": []}',
        b'{"data": {"path": 7}}',
        b'{"data": {"path": "elsewhere/", "options": {"version": "2"}}}',
        b'{"data": {"path": "/"}}',
        b"[" * 100_000,
        b'{"data": ' + b'{"data": ' * 5000 + b"1" + b"}" * 5001,
        b'{"data": "' + b"x" * 300_000 + b'"}',
        b"\xff\xfe" * 100,
    ],
)
def test_answers_that_are_none(at_hand: VaultAtHand, answer: bytes) -> None:
    at_hand.server.misbehave = lambda request: answer
    unavailable(at_hand.stores)


@pytest.mark.parametrize(
    "answer",
    [b'{"data": {"data": null}}', b'{"data": {"data": {"password": 7}}}', b'{"data": {"data": {"password": ""}}}'],
)
def test_secrets_that_are_none(at_hand: VaultAtHand, answer: bytes) -> None:
    at_hand.stores.read(REFERENCE)
    at_hand.server.misbehave = lambda request: answer
    assert "no such field" in unavailable(at_hand.stores)


def test_an_oversized_answer_is_not_read_to_its_end(at_hand: VaultAtHand) -> None:
    at_hand.server.misbehave = lambda request: b'{"data": "' + b"x" * 5_000_000 + b'"}'
    assert "more than" in unavailable(at_hand.stores)


def test_a_store_that_stalls_is_given_up_in_time(at_hand: VaultAtHand) -> None:
    at_hand.server.misbehave = lambda request: 5.0
    began = time.monotonic()
    unavailable(at_hand.stores)
    assert time.monotonic() - began < 3
    began = time.monotonic()
    assert "a moment ago" in unavailable(at_hand.stores)
    assert time.monotonic() - began < 0.3, "nobody else waits for it just now"


def test_a_store_that_is_not_there(authority: Authority) -> None:
    with vault_at_hand(authority) as at_hand:
        stores = at_hand.stores
    assert "ConnectError" in unavailable(stores)


def test_a_store_must_prove_its_name(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")
    for certificate in (authority.issue("vault.example"), stranger.issue("localhost")):
        kept = vault.Vault(v2={"smtp/nhs mail": {"password": SECRET}})
        with running_store(certificate, kept) as server:
            stores = OutsideStores(StoreSettings(vault=vault_settings(server, authority)), own)
            unavailable(stores)
            assert server.requests == [], "the token was not sent to a stranger"


def test_plain_http_is_never_spoken(authority: Authority) -> None:
    with vault_at_hand(authority) as at_hand:
        address = f"http://localhost:{at_hand.server.port}"
        settings = vault_settings(at_hand.server, authority)
        plain = type(settings)(address, ca_file=settings.ca_file, token=settings.token)
        assert "https" in unavailable(OutsideStores(StoreSettings(vault=plain), own))
        assert at_hand.server.requests == []


def test_a_revoked_token_is_got_anew_once(authority: Authority) -> None:
    with vault_at_hand(authority, auth="approle", role=vault.ROLE_ID, secret_id="env:SECRET_ID") as at_hand:
        assert at_hand.stores.read(REFERENCE).secret == SECRET.encode()
        at_hand.vault.tokens.clear()
        assert at_hand.stores.read(REFERENCE).secret == SECRET.encode()
        assert at_hand.vault.log_ins == 2
        at_hand.server.misbehave = lambda request: 403 if "auth" not in request.path else None
        unavailable(at_hand.stores)
        assert at_hand.vault.log_ins == 3, "asked once more, and not for ever"


def saying(answer: bytes) -> Callable[[Request], bytes]:
    return lambda request: answer


def test_log_ins_that_are_refused(authority: Authority) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"auth": "approle", "role": "wrong", "secret_id": "env:SECRET_ID"},
        {"auth": "kubernetes", "role": vault.ROLE_ID, "jwt_file": "/no/such/file"},
        {"auth": "magic"},
        {"token": "env:CLIENT_SECRET"},
    )
    for changes in wrong:
        with vault_at_hand(authority, **changes) as at_hand:
            unavailable(at_hand.stores)


def test_kubernetes_and_namespaces(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text("the.service.account\n")
    how: dict[str, Any] = {"auth": "kubernetes", "role": vault.ROLE_ID, "namespace": "trust/mail"}
    with vault_at_hand(authority, jwt_file=str(tmp_path / "jwt"), **how) as at_hand:
        assert at_hand.stores.read(REFERENCE).secret == SECRET.encode()


def test_signatures_that_are_none(at_hand: VaultAtHand) -> None:
    public = at_hand.stores.public_key(KEY)
    for answer in (b"{}", b'{"data": {"signature": "vault:v1:???"}}', b'{"data": {"signature": "vault:v2:QUJD"}}'):
        at_hand.server.misbehave = saying(answer)
        with pytest.raises(Unavailable):
            at_hand.stores.sign(KEY, public.version, public.algorithm, b"x")


@pytest.fixture
def azure(authority: Authority) -> Iterator[AzureAtHand]:
    with azure_at_hand(authority) as opened:
        yield opened


@pytest.mark.parametrize("status", [301, 400, 403, 404, 429, 500, 503])
def test_azure_statuses(azure: AzureAtHand, status: int) -> None:
    azure.server.misbehave = lambda request: status
    assert str(status) in unavailable(azure.stores, "azure:keys/smtp")


def test_azure_tokens_are_got_anew_once(azure: AzureAtHand) -> None:
    azure.stores.read("azure:keys/smtp")
    azure.azure.tokens.clear()
    assert "401" in unavailable(azure.stores, "azure:keys/smtp")
    assert azure.azure.issued == 2


def test_azure_keys_that_are_none(azure: AzureAtHand) -> None:
    azure.stores.read("azure:keys/smtp")
    for answer in (b"{}", b'{"key": {"kty": "EC"}}', b'{"key": {"kty": "RSA", "n": "AQ", "e": "AQ", "kid": "x"}}'):
        azure.server.misbehave = saying(answer)
        with pytest.raises(Unavailable):
            azure.stores.public_key("azure-key:keys/dkim")


def test_a_managed_identity_needs_no_secret_and_no_other_machine(authority: Authority) -> None:
    with azure_at_hand(authority) as at_hand:
        where = f"https://localhost:{at_hand.server.port}/metadata/identity/oauth2/token"
    with azure_at_hand(authority, managed_identity="http://metadata.example/token") as at_hand:
        assert "plain HTTP" in unavailable(at_hand.stores, "azure:keys/smtp")
    with azure_at_hand(authority, managed_identity=where, client_secret="") as at_hand:
        unavailable(at_hand.stores, "azure:keys/smtp")


WRONG_PIN = """
import sys
from wardmail.edges.pkcs11_token import Pkcs11Settings, Pkcs11Token
from wardmail.model.refusal import Unavailable
from wardmail.model.secret_reference import TokenObject

token = Pkcs11Token(Pkcs11Settings(sys.argv[1], "env:PIN", sys.argv[2]), lambda reference: b"wrong-pin-4711")
for _ in range(5):
    try:
        token.read(TokenObject("", "x"))
    except Unavailable as error:
        print(error)
"""


def test_a_wrong_pin_is_tried_once(tmp_path: Path) -> None:
    """Three wrong ones lock a token for everybody. In a process of its own, because a log-in is for a whole process."""
    with softhsm.token(tmp_path) as module:
        command = [sys.executable, "-c", WRONG_PIN, module, softhsm.LABEL]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()
    assert len(said) == 5
    assert "its PIN is wrong" in said[0]
    assert all("not tried again" in each for each in said[1:])
    assert "4711" not in "".join(said)
