"""PLAIN, LOGIN and SCRAM as a server sees them, apart from the wire."""

from __future__ import annotations

import pytest
from scramp import ScramClient, ScramMechanism
from tests.submission_desk import CREDENTIAL, SECRET, USERNAME

from wardmail.model.integration import Credential
from wardmail.model.refusal import Unavailable
from wardmail.protocol.sasl import (
    SCRAM_ITERATIONS,
    SCRAM_SALT_LENGTH,
    Challenge,
    Claim,
    Disproof,
    Login,
    Malformed,
    Plain,
    Proof,
    Scram,
    derive_scram_keys,
)


@pytest.mark.parametrize(
    ("response", "step"),
    [
        (None, Challenge(b"")),
        (b"\0user\0secret", Claim("user", "secret")),
        (b"user\0user\0secret", Claim("user", "secret")),
        ("\0zoë\0gehëim".encode(), Claim("zoë", "gehëim")),
    ],
)
def test_plain(response: bytes | None, step: object) -> None:
    assert Plain().step(response) == step


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"user\0secret",
        b"\0user\0secret\0more",
        b"admin\0user\0secret",
        b"\0\0secret",
        b"\0user\0",
        b"\0us\ner\0secret",
        b"\0\xff\0secret",
        b"\0" + b"u" * 256 + b"\0secret",
        b"\0user\0" + b"s" * 1025,
    ],
)
def test_plain_that_is_not_plain(response: bytes) -> None:
    assert isinstance(Plain().step(response), Malformed)


def test_login() -> None:
    exchange = Login()
    assert exchange.step(None) == Challenge(b"Username:")
    assert exchange.step(b"user") == Challenge(b"Password:")
    assert exchange.step(b"secret") == Claim("user", "secret")


def test_login_with_an_empty_name() -> None:
    exchange = Login()
    exchange.step(b"")
    assert isinstance(exchange.step(b"secret"), Malformed)


def _known(username: str) -> Credential | None:
    return CREDENTIAL if username == USERNAME else None


def _exchange() -> Scram:
    return Scram(_known, "nonce", b"key")


def _run(exchange: Scram, username: str, secret: str) -> object:
    client = ScramClient(["SCRAM-SHA-256"], username, secret)
    first = exchange.step(client.get_client_first().encode())
    assert isinstance(first, Challenge)
    client.set_server_first(first.octets.decode())
    second = exchange.step(client.get_client_final().encode())
    if not isinstance(second, Challenge):
        return second
    client.set_server_final(second.octets.decode())
    return exchange.step(b"")


def test_scram() -> None:
    assert _exchange().step(None) == Challenge(b"")
    assert _run(_exchange(), USERNAME, SECRET) == Proof(CREDENTIAL)
    assert _run(_exchange(), USERNAME, "wrong") == Disproof(USERNAME)
    assert _run(_exchange(), "nobody", SECRET) == Disproof("nobody")


def test_a_decoy_looks_like_a_credential() -> None:
    def salt_of(username: str, key: bytes) -> bytes:
        step = Scram(_known, "nonce", key).step(f"n,,n={username},r=abc".encode())
        assert isinstance(step, Challenge)
        return step.octets

    assert salt_of("nobody", b"key") == salt_of("nobody", b"key")
    assert salt_of("nobody", b"key") != salt_of("nobody", b"other key")
    assert salt_of("nobody", b"key") != salt_of("somebody", b"key")
    assert len(salt_of("nobody", b"key")) == len(salt_of(USERNAME, b"key"))


@pytest.mark.parametrize(
    "message", [b"", b"\xff", b"n,,", b"n,a=admin,n=clinic,r=abc", b"p=tls-unique,,n=clinic,r=abc", b"n,,n=a=b,r=abc"]
)
def test_scram_that_is_not_scram(message: bytes) -> None:
    assert isinstance(_exchange().step(message), Malformed)


def test_scram_when_the_store_is_down() -> None:
    def down(username: str) -> Credential | None:
        raise Unavailable("the store", "down")

    with pytest.raises(Unavailable, match="the store"):
        Scram(down, "nonce", b"key").step(b"n,,n=clinic,r=abc")


def test_keys_are_those_of_rfc_5802() -> None:
    salt = b"s" * SCRAM_SALT_LENGTH
    _, stored, server, rounds = ScramMechanism("SCRAM-SHA-256").make_auth_info(SECRET, SCRAM_ITERATIONS, salt)
    assert (stored, server) == derive_scram_keys(SECRET, salt)
    assert rounds == SCRAM_ITERATIONS
