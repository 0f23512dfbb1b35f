"""Signing keys as the walk asks for them: sealed in the keystore, or kept by a store that signs for us (SHARE-17)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wardmail.edges.keystore import Keystore, KeystoreEntry
from wardmail.edges.keystore_secrets import KeystoreSecrets
from wardmail.edges.outside_stores import OutsideStores, StoreSettings
from wardmail.edges.revealed import SMALLEST_RSA
from wardmail.model.refusal import Unavailable
from wardmail.ports import SigningKey

__all__ = [
    "DKIM",
    "DkimSigner",
    "Keystore",
    "KeystoreSecrets",
    "add_dkim_key",
    "add_outside_key",
    "generate_dkim_key",
    "public_key",
]

DKIM = "dkim"
"""The kind of DKIM keys; their meta: domain, selector, algorithm, state (waiting, active or retired).

With `key` (and `version`) in the meta, the private key is elsewhere, and the entry holds its public part.
"""

_PKCS1 = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_PrivateKey = rsa.RSAPrivateKey | Ed25519PrivateKey
_PublicKey = rsa.RSAPublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class DkimKey:
    """Implements `ports.SigningKey`; the private key is never shown by `repr`."""

    domain: str
    selector: str
    algorithm: str
    _private: _PrivateKey = field(repr=False)

    @property
    def is_remote(self) -> bool:
        return False

    def sign(self, data: bytes) -> bytes:
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(data, _PKCS1, _SHA256)
        return self._private.sign(hashlib.sha256(data).digest())  # RFC 8463 section 3: Ed25519 signs the hash


@dataclass(frozen=True, slots=True)
class OutsideKey:
    """Implements `ports.SigningKey` by a key that never leaves its store. Each signature is checked before it is used:

    a key that was exchanged in the store would else spoil every message, and nobody here would see it.
    """

    domain: str
    selector: str
    algorithm: str
    reference: str
    version: str
    _public: _PublicKey = field(repr=False)
    _stores: OutsideStores = field(repr=False)

    @property
    def is_remote(self) -> bool:
        return True

    def sign(self, data: bytes) -> bytes:
        signature = self._stores.sign(self.reference, self.version, self.algorithm, data)
        try:
            if isinstance(self._public, rsa.RSAPublicKey):
                self._public.verify(signature, data, _PKCS1, _SHA256)
            else:
                self._public.verify(signature, hashlib.sha256(data).digest())
        except InvalidSignature:
            raise Unavailable(
                f"the signing key {self.selector} of {self.domain}",
                "its store signs with another key than was published",
            ) from None
        return signature


class DkimSigner:
    """Implements `ports.Signer`: keys are opened once, and again when the keystore changed."""

    def __init__(
        self,
        keystore: Keystore,
        stores: OutsideStores | None = None,
        note_use: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._keystore = keystore
        self._stores = stores or OutsideStores(StoreSettings())
        self._note_use = note_use
        self._version = 0
        self._keys: dict[str, tuple[SigningKey, ...]] = {}

    def keys_for(self, domain: str) -> Sequence[SigningKey]:
        version = self._keystore.version
        if version != self._version:
            self._keys = self._opened()
            self._version = version
        found = self._keys.get(domain, ())
        for key in found:
            self._note_use(f"{DKIM}:{domain}:{key.selector}")
        return found

    def _opened(self) -> dict[str, tuple[SigningKey, ...]]:
        keys: dict[str, tuple[SigningKey, ...]] = {}
        for entry in self._keystore.entries(DKIM):
            if entry.meta.get("state") == "active":
                key = self._key(entry, self._keystore.reveal(entry.name))
                keys[key.domain] = (*keys.get(key.domain, ()), key)
        return keys

    def _key(self, entry: KeystoreEntry, secret: bytes) -> SigningKey:
        meta = entry.meta
        try:
            place = meta["domain"], meta["selector"], meta["algorithm"]
            if "key" in meta:
                return OutsideKey(*place, meta["key"], meta["version"], _load_public(secret), self._stores)
            return DkimKey(*place, _load(secret, meta["algorithm"], is_checked=True))
        except (KeyError, ValueError) as error:
            raise Unavailable(f"the DKIM key {entry.name}", error) from None


def generate_dkim_key(algorithm: str) -> bytes:
    """A new private key in PKCS #8 DER: RSA with 2048 bits for `rsa-sha256`, or `ed25519-sha256`."""
    private: _PrivateKey
    if algorithm == "rsa-sha256":
        private = rsa.generate_private_key(65537, SMALLEST_RSA)
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


def add_outside_key(
    keystore: Keystore,
    domain: str,
    selector: str,
    reference: str,
    stores: OutsideStores,
    *,
    state: str = "active",
) -> str:
    """Enter a key that stays in its store, after it has signed something that its public part proves; its algorithm.

    Raises Unavailable when the store does not answer, or signs with another key.
    """
    public = stores.public_key(reference)
    OutsideKey(domain, selector, public.algorithm, reference, public.version, _load_public(public.octets), stores).sign(
        b"wardmail asks whether this key can sign"
    )
    meta = {"domain": domain, "selector": selector, "algorithm": public.algorithm, "state": state}
    name = f"{DKIM}:{domain}:{selector}"
    keystore.put(name, DKIM, public.octets, **meta, key=reference, version=public.version)
    return public.algorithm


def public_key(keystore: Keystore, name: str) -> bytes:
    """What p= of a key's DNS record holds: SubjectPublicKeyInfo for RSA, the 32 octets for Ed25519 (RFC 8463 4.2)."""
    secret, meta = keystore.reveal(name), keystore.entry(name).meta
    public = _load_public(secret) if "key" in meta else _load(secret, meta["algorithm"]).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public.public_bytes_raw()


def _load_public(octets: bytes) -> _PublicKey:
    public = serialization.load_der_public_key(octets)
    if not isinstance(public, rsa.RSAPublicKey | Ed25519PublicKey):
        raise ValueError("it is no key for DKIM")
    return public


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
        if private.key_size < SMALLEST_RSA:
            raise ValueError(f"it is shorter than {SMALLEST_RSA} bits")
        return private
    if algorithm == "ed25519-sha256" and isinstance(private, Ed25519PrivateKey):
        return private
    raise ValueError(f"it is not a key for {algorithm}")
