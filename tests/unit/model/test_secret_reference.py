"""References say where a secret is; what is none is treated as if it were the secret."""

from __future__ import annotations

import pytest

from wardmail.model.secret_reference import (
    AzureItem,
    TokenObject,
    TransitKey,
    VaultField,
    azure_item,
    is_reference,
    looks_like_a_secret,
    token_object,
    transit_key,
    vault_field,
    without_password,
)


@pytest.mark.parametrize(
    "text",
    [
        "keystore:route-relay-password",
        "file:/run/secrets/smtp password",
        "env:SMTP_PASSWORD",
        "credential:smtp.password",
        "vault:kv/smtp#password",
        "vault:team/kv/smtp/nhs mail#client_secret",
        "azure:mail-vault/smtp-password",
        "azure:mail-vault/smtp/78deebed173b48e48f55abf87ed4cf71",
        "pkcs11:token=My%20token;object=smtp",
        "pkcs11:id=%01%ff",
    ],
)
def test_references(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "pass:word",
        "keystore:",
        "keystore:../x",
        "vault:kv#password",
        "vault:kv/smtp",
        "vault:kv/../sys/x#y",
        "vault:kv/smtp#a b",
        "vault:/kv/smtp#x",
        "azure:vault",
        "azure:a/b/c/d",
        "azure:vault.evil.example/x",
        "azure:v@evil/x",
        "pkcs11:token=x",
        "pkcs11:object=x;pin-value=1234",
        "pkcs11:object=x;object=y",
        "vault-transit:transit/key",
        "file:/a\nb",
        "keystore:x\n",
        f"file:/{'x' * 600}",
    ],
)
def test_no_references(text: str) -> None:
    assert not is_reference(text)


def test_their_parts() -> None:
    assert vault_field("vault:team/kv/a b#f") == VaultField("team/kv/a b", "f")
    assert azure_item("azure-key:v-1/k") == AzureItem("v-1", "k", "")
    assert transit_key("vault-transit:team/transit/dkim") == TransitKey("team/transit", "dkim")
    assert transit_key("transit/dkim") is None
    assert token_object("pkcs11:token=a%3Bb;object=c;id=%00%ff") == TokenObject("a;b", "c", b"\x00\xff")


@pytest.mark.parametrize(
    "text",
    [
        "hvs.CAESIJ1xqwertyuiopasdfghjklzxcvbnm",
        "-----BEGIN PRIVATE KEY-----",
        "postgresql://wardmail:hunter2@db/wardmail",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6.x.y",
        "abc8Q~abcdefghijklmnopqrstuvwxyz012345",
        "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MEFCQ0RFRg==",
    ],
)
def test_what_looks_like_a_secret(text: str) -> None:
    assert looks_like_a_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "smtp.office365.com",
        "https://login.microsoftonline.com/0c8bbd8a-8c3a-4a1e-9d1b-2b2f0e6d3c11/oauth2/v2.0/token",
        "0c8bbd8a-8c3a-4a1e-9d1b-2b2f0e6d3c11",
        "/var/lib/wardmail/0123456789abcdefABCDEF0123456789",
        "appointments@nhs.net",
        "https://outlook.office365.com/.default",
        "postgresql://wardmail@db/wardmail",
        "NHS England list of 3 November 2026, rows 1 to 900",
        "[secure]",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not looks_like_a_secret(text)


def test_addresses_are_shown_without_their_password() -> None:
    assert without_password("postgresql://u:p%40ss@db:5432/w?x=1") == "postgresql://u:***@db:5432/w?x=1"
    assert without_password("sqlite:////var/lib/w.db") == "sqlite:////var/lib/w.db"
