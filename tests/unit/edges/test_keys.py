"""DKIM keys out of the keystore: they sign what verifiers accept, and weak ones are refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wardmail.edges.keys import DKIM, DkimSigner, add_dkim_key, generate_dkim_key, public_key
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.model.refusal import Unavailable


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore.create(tmp_path / "keystore.json", MasterKey(new_master_key().strip()))


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_both_algorithms_sign(keystore: Keystore) -> None:
    rsa_name = add_dkim_key(keystore, "sender.example", "r1", "rsa-sha256")
    ed_name = add_dkim_key(keystore, "sender.example", "e1", "ed25519-sha256")
    keys = {key.algorithm: key for key in DkimSigner(keystore).keys_for("sender.example")}
    rsa_public = serialization.load_der_public_key(public_key(keystore, rsa_name))
    assert isinstance(rsa_public, rsa.RSAPublicKey)
    rsa_public.verify(keys["rsa-sha256"].sign(b"data"), b"data", padding.PKCS1v15(), hashes.SHA256())
    ed_public = Ed25519PublicKey.from_public_bytes(public_key(keystore, ed_name))
    ed_public.verify(keys["ed25519-sha256"].sign(b"data"), hashlib.sha256(b"data").digest())
    assert {key.selector for key in keys.values()} == {"r1", "e1"}


def test_only_active_keys_of_exactly_this_domain_sign(keystore: Keystore) -> None:
    name = add_dkim_key(keystore, "sender.example", "e1", "ed25519-sha256")
    add_dkim_key(keystore, "sender.example", "e2", "ed25519-sha256", state="published")
    signer = DkimSigner(keystore)
    assert [key.selector for key in signer.keys_for("sender.example")] == ["e1"]
    assert signer.keys_for("sub.sender.example") == ()
    keystore.describe(name, **{**keystore.entry(name).meta, "state": "retired"})
    assert signer.keys_for("sender.example") == ()


def test_keys_of_elsewhere(keystore: Keystore) -> None:
    good = pem(rsa.generate_private_key(65537, 2048))
    assert add_dkim_key(keystore, "a.example", "s", "rsa-sha256", private=good) == "dkim:a.example:s"
    weak = pem(rsa.generate_private_key(65537, 1024))
    with pytest.raises(ValueError, match="shorter than 2048"):
        add_dkim_key(keystore, "a.example", "w", "rsa-sha256", private=weak)
    with pytest.raises(ValueError, match="not a key for ed25519-sha256"):
        add_dkim_key(keystore, "a.example", "x", "ed25519-sha256", private=good)
    with pytest.raises(ValueError, match="not a key for rsa-sha256"):
        add_dkim_key(keystore, "a.example", "x", "rsa-sha256", private=pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(ValueError, match="PEM or DER"):
        add_dkim_key(keystore, "a.example", "x", "rsa-sha256", private=b"nonsense")
    with pytest.raises(ValueError, match="rsa-sha256 or ed25519-sha256"):
        generate_dkim_key("rsa-sha1")
    assert keystore.names(DKIM) == ["dkim:a.example:s"]


def test_a_weak_key_in_the_keystore_never_signs(keystore: Keystore) -> None:
    weak = pem(rsa.generate_private_key(65537, 1024))
    meta = {"domain": "a.example", "selector": "s", "algorithm": "rsa-sha256", "state": "active"}
    keystore.put("weak", DKIM, weak, **meta)
    with pytest.raises(Unavailable, match="shorter than 2048"):
        DkimSigner(keystore).keys_for("a.example")


def test_a_key_does_not_show_itself(keystore: Keystore) -> None:
    add_dkim_key(keystore, "sender.example", "e1", "ed25519-sha256")
    (key,) = DkimSigner(keystore).keys_for("sender.example")
    assert repr(key) == "DkimKey(domain='sender.example', selector='e1', algorithm='ed25519-sha256')"
