"""What every signing key promises, wherever it is: a signature that its published record proves, or Unavailable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.contract.outside import AzureAtHand, VaultAtHand, token_stores
from wardmail.edges.keys import DkimSigner, add_dkim_key, add_outside_key, public_key
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.edges.outside_stores import OutsideStores
from wardmail.model.refusal import Unavailable
from wardmail.ports import SigningKey

OUTSIDE = {
    "vault-rsa": "vault-transit:transit/dkim-rsa",
    "vault-ed": "vault-transit:transit/dkim-ed",
    "azure": "azure-key:keys/dkim",
    "pkcs11-rsa": "pkcs11:token=wardmail-test;object=dkim-rsa",
    "pkcs11-ed": "pkcs11:object=dkim-ed",
    "pkcs11-id": "pkcs11:id=%01%ff",
}


@dataclass
class Made:
    key: SigningKey
    published: bytes
    is_outside: bool


@pytest.fixture
def keystore(place: Path) -> Keystore:
    return Keystore.create(place, MasterKey(new_master_key().strip()))


def stores_for(kind: str, request: pytest.FixtureRequest) -> OutsideStores:
    if kind.startswith("pkcs11"):
        return token_stores(request.getfixturevalue("hsm"))
    at_hand: VaultAtHand | AzureAtHand = request.getfixturevalue(kind.partition("-")[0])
    return at_hand.stores


@pytest.fixture(params=["keystore-rsa", "keystore-ed", *OUTSIDE])
def made(request: pytest.FixtureRequest, keystore: Keystore) -> Made:
    kind: str = request.param
    if kind in OUTSIDE:
        stores = stores_for(kind, request)
        add_outside_key(keystore, "trust.example", "s1", OUTSIDE[kind], stores)
        (key,) = DkimSigner(keystore, stores).keys_for("trust.example")
    else:
        algorithm = "rsa-sha256" if kind.endswith("rsa") else "ed25519-sha256"
        add_dkim_key(keystore, "trust.example", "s1", algorithm)
        (key,) = DkimSigner(keystore).keys_for("trust.example")
    return Made(key, public_key(keystore, "dkim:trust.example:s1"), kind in OUTSIDE)


def test_a_signature_is_proved_by_what_is_published(made: Made) -> None:
    data = b"from:a@trust.example\r\nsubject:Planted subject\r\n"
    signature = made.key.sign(data)
    if made.key.algorithm == "rsa-sha256":
        public = serialization.load_der_public_key(made.published)
        assert isinstance(public, rsa.RSAPublicKey)
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    else:
        Ed25519PublicKey.from_public_bytes(made.published).verify(signature, hashlib.sha256(data).digest())


def test_a_key_says_what_it_is_and_whether_it_is_far(made: Made) -> None:
    assert (made.key.domain, made.key.selector) == ("trust.example", "s1")
    assert made.key.algorithm in {"rsa-sha256", "ed25519-sha256"}
    assert made.key.is_remote is made.is_outside


def test_a_key_does_not_show_itself(made: Made) -> None:
    assert "Private" not in repr(made.key)
    assert "object at" not in repr(made.key)


def test_only_the_digest_leaves_us(keystore: Keystore, vault: VaultAtHand, azure: AzureAtHand) -> None:
    for at_hand, reference in ((vault, OUTSIDE["vault-rsa"]), (azure, OUTSIDE["azure"])):
        add_outside_key(keystore, "trust.example", "s1", reference, at_hand.stores)
        (key,) = DkimSigner(keystore, at_hand.stores).keys_for("trust.example")
        key.sign(b"subject:Planted subject\r\n")
        sent = b"".join(each.body for each in at_hand.server.requests)
        assert b"Planted subject" not in sent
        assert len(at_hand.server.requests[-1].body) < 300


def test_a_key_that_was_rotated_in_its_store_goes_on_signing_as_published(
    keystore: Keystore, vault: VaultAtHand
) -> None:
    add_outside_key(keystore, "trust.example", "old", OUTSIDE["vault-rsa"], vault.stores)
    vault.vault.keys["dkim-rsa"].append(rsa.generate_private_key(65537, 2048))
    (old,) = DkimSigner(keystore, vault.stores).keys_for("trust.example")
    assert old.sign(b"x")
    add_outside_key(keystore, "trust.example", "new", OUTSIDE["vault-rsa"], vault.stores)
    keys: Sequence[SigningKey] = DkimSigner(keystore, vault.stores).keys_for("trust.example")
    assert len({key.sign(b"x") for key in keys}) == 2


def test_a_key_that_was_exchanged_in_its_store_signs_nothing(keystore: Keystore, vault: VaultAtHand) -> None:
    add_outside_key(keystore, "trust.example", "s1", OUTSIDE["vault-rsa"], vault.stores)
    vault.vault.keys["dkim-rsa"] = [rsa.generate_private_key(65537, 2048)]
    (key,) = DkimSigner(keystore, vault.stores).keys_for("trust.example")
    with pytest.raises(Unavailable, match="another key than was published"):
        key.sign(b"x")


def test_keys_that_must_not_sign_mail_are_not_taken(keystore: Keystore, vault: VaultAtHand, hsm: str) -> None:
    vault.vault.keys["short"] = [rsa.generate_private_key(65537, 1024)]
    for stores, reference in (
        (vault.stores, "vault-transit:transit/short"),
        (vault.stores, "vault-transit:transit/absent"),
        (token_stores(hsm), "pkcs11:object=dkim-short"),
        (token_stores(hsm), "pkcs11:object=absent"),
        (vault.stores, "azure-key:keys/dkim"),
        (vault.stores, "keystore:dkim"),
    ):
        with pytest.raises(Unavailable):
            add_outside_key(keystore, "trust.example", "s1", reference, stores)
    assert keystore.names("dkim") == []
