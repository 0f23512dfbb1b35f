"""Signing keys and secrets as the walks ask for them, out of the keystore (RECV-6, SHARE-17)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wardmail.edges.keystore import Keystore, KeystoreEntry
from wardmail.edges.master_key import read_reference
from wardmail.model.refusal import Unavailable
from wardmail.ports import SigningKey

__all__ = ["DKIM", "DkimSigner", "Keystore", "KeystoreSecrets", "add_dkim_key", "generate_dkim_key", "public_key"]

DKIM = "dkim"
"""The kind of DKIM keys; their meta: domain, selector, algorithm, state (active, published or retired)."""

_SMALLEST_RSA = 2048  # RFC 8301 3.2: signers use at least 2048 bits
_PKCS1 = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_PrivateKey = rsa.RSAPrivateKey | Ed25519PrivateKey


class KeystoreSecrets:
    """Implements `ports.Secrets`."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore

    def reveal(self, reference: str) -> bytes:
        kind, _, name = reference.partition(":")
        return self._keystore.reveal(name) if kind == "keystore" else read_reference(reference)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """Implements `ports.SigningKey`; the private key is never shown by `repr`."""

    domain: str
    selector: str
    algorithm: str
    _private: _PrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(data, _PKCS1, _SHA256)
        return self._private.sign(hashlib.sha256(data).digest())  # RFC 8463 section 3: Ed25519 signs the hash


class DkimSigner:
    """Implements `ports.Signer`: keys are opened once, and again when the keystore changed."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore
        self._version = 0
        self._keys: dict[str, tuple[SigningKey, ...]] = {}

    def keys_for(self, domain: str) -> Sequence[SigningKey]:
        version = self._keystore.version
        if version != self._version:
            self._keys = self._opened()
            self._version = version
        return self._keys.get(domain, ())

    def _opened(self) -> dict[str, tuple[SigningKey, ...]]:
        keys: dict[str, tuple[SigningKey, ...]] = {}
        for entry in self._keystore.entries(DKIM):
            if entry.meta.get("state") == "active":
                key = _dkim_key(entry, self._keystore.reveal(entry.name))
                keys[key.domain] = (*keys.get(key.domain, ()), key)
        return keys


def generate_dkim_key(algorithm: str) -> bytes:
    """A new private key in PKCS #8 DER: RSA with 2048 bits for `rsa-sha256`, or `ed25519-sha256`."""
    private: _PrivateKey
    if algorithm == "rsa-sha256":
        private = rsa.generate_private_key(65537, _SMALLEST_RSA)
    elif algorithm == "ed25519-sha256":
        private = Ed25519PrivateKey.generate()
    else:
        raise ValueError("a DKIM key is for rsa-sha256 or ed25519-sha256")
    return private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def add_dkim_key(
    keystore: Keystore,
    domain: str,
    selector: str,
    algorithm: str,
    *,
    private: bytes | None = None,
    state: str = "active",
) -> str:
    """Enter a new key, or one that was made elsewhere (`private`: PEM or DER); returns its name in the keystore.

    Raises ValueError for a key that must not sign: another algorithm, or RSA of less than 2048 bits.
    """
    secret = generate_dkim_key(algorithm) if private is None else private
    _load(secret, algorithm)
    name = f"{DKIM}:{domain}:{selector}"
    keystore.put(name, DKIM, secret, domain=domain, selector=selector, algorithm=algorithm, state=state)
    return name


def public_key(keystore: Keystore, name: str) -> bytes:
    """What p= of a key's DNS record holds: SubjectPublicKeyInfo for RSA, the 32 octets for Ed25519 (RFC 8463 4.2)."""
    private = _load(keystore.reveal(name), keystore.entry(name).meta["algorithm"])
    if isinstance(private, rsa.RSAPrivateKey):
        return private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    return private.public_key().public_bytes_raw()


def _dkim_key(entry: KeystoreEntry, secret: bytes) -> DkimKey:
    algorithm = entry.meta.get("algorithm", "")
    try:
        return DkimKey(
            entry.meta["domain"], entry.meta["selector"], algorithm, _load(secret, algorithm, is_checked=True)
        )
    except (KeyError, ValueError) as error:
        raise Unavailable(f"the DKIM key {entry.name}", error) from None


def _load(secret: bytes, algorithm: str, *, is_checked: bool = False) -> _PrivateKey:
    """`is_checked`: it was checked when it was entered, and the seal proves that it is the same.

    To test an RSA key's primes again takes a second or more, in which an event loop would stand still.
    """
    loading = serialization.load_pem_private_key if secret.startswith(b"-----") else serialization.load_der_private_key
    try:
        private = loading(secret, password=None, unsafe_skip_rsa_key_validation=is_checked)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("it is not an unencrypted private key in PEM or DER") from None
    if algorithm == "rsa-sha256" and isinstance(private, rsa.RSAPrivateKey):
        if private.key_size < _SMALLEST_RSA:
            raise ValueError(f"it is shorter than {_SMALLEST_RSA} bits")
        return private
    if algorithm == "ed25519-sha256" and isinstance(private, Ed25519PrivateKey):
        return private
    raise ValueError(f"it is not a key for {algorithm}")
