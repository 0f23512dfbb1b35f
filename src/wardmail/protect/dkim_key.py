"""Reads the key records that signers publish (RFC 6376 section 3.6.1, RFC 8301, RFC 8463)."""

from __future__ import annotations

import binascii
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from wardmail.protect.tags import BadTags, listed, parse_tags, without_blanks

SMALLEST_RSA = 1024
LARGEST_RSA = 8192
_LARGEST_EXPONENT_BITS = 64
_LONGEST_RECORD = 4 * 1024
_ED25519_OCTETS = 32


class NoUsableKey(Exception):
    """Why a record is no key for this signature. `is_policy`: it is one, but so weak that nobody should believe it."""

    def __init__(self, reason: str, *, is_policy: bool = False) -> None:
        super().__init__(reason)
        self.is_policy = is_policy


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`testing` and `strict` are the flags t=y and t=s; `strict`: i= must be at d= itself, not below it."""

    material: RSAPublicKey | Ed25519PublicKey
    testing: bool
    strict: bool

    @property
    def kind(self) -> str:
        return "RSA" if isinstance(self.material, RSAPublicKey) else "Ed25519"

    @property
    def bits(self) -> int:
        return self.material.key_size if isinstance(self.material, RSAPublicKey) else 256

    def vouches_for(self, signature: bytes, data: bytes) -> bool:
        """RSA with PKCS #1 v1.5 and SHA-256; Ed25519 over the SHA-256 of the data (RFC 8463 section 3)."""
        try:
            if isinstance(self.material, RSAPublicKey):
                self.material.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            else:
                self.material.verify(signature, hashlib.sha256(data).digest())
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=2048)
def read_key(record: str, algorithm: str) -> PublicKey:
    """`algorithm` is the signature's a= tag: rsa-sha256 or ed25519-sha256. Raises NoUsableKey."""
    tags = _tags(record)
    kind = algorithm.partition("-")[0]
    if tags.get("k", "rsa").lower() != kind:
        raise NoUsableKey("the key record holds a key of another kind than the signature needs")
    if "h" in tags and "sha256" not in listed(tags["h"]):
        raise NoUsableKey("the key record does not allow SHA-256")
    if not {"*", "email"} & set(listed(tags.get("s", "*"))):
        raise NoUsableKey("the key record is not for e-mail")
    flags = listed(tags.get("t", ""))
    material = _material(without_blanks(tags["p"]), kind)
    return PublicKey(material, testing="y" in flags, strict="s" in flags)


def published_key(record: str) -> PublicKey:
    """Of whatever algorithm the record is for. Raises NoUsableKey."""
    kind = _tags(record).get("k", "rsa").lower()
    if kind not in {"rsa", "ed25519"}:
        raise NoUsableKey("the key record is for an algorithm that nobody knows")
    return read_key(record, f"{kind}-sha256")


def _tags(record: str) -> dict[str, str]:
    if len(record) > _LONGEST_RECORD:
        raise NoUsableKey("the key record is too long")
    try:
        tags = parse_tags(record.encode())
    except BadTags as error:
        raise NoUsableKey(f"the key record cannot be read: {error}") from error
    # v= is optional, but where it stands it is the first tag.
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        raise NoUsableKey("the key record is of an unknown version")
    if "p" not in tags:
        raise NoUsableKey("the record holds no key")
    return tags


def _material(encoded: str, kind: str) -> RSAPublicKey | Ed25519PublicKey:
    if not encoded:
        raise NoUsableKey("the key has been revoked")
    try:
        octets = binascii.a2b_base64(encoded, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise NoUsableKey("the key in the record is not base64") from error
    return _ed25519(octets) if kind == "ed25519" else _rsa(octets)


def _ed25519(octets: bytes) -> Ed25519PublicKey:
    if len(octets) != _ED25519_OCTETS:
        raise NoUsableKey(f"the Ed25519 key has not {_ED25519_OCTETS} octets")
    return Ed25519PublicKey.from_public_bytes(octets)


def _rsa(octets: bytes) -> RSAPublicKey:
    """SubjectPublicKeyInfo, as everybody publishes, or the bare RSAPublicKey of RFC 6376."""
    try:
        key = serialization.load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NoUsableKey("the key in the record cannot be read") from error
    if not isinstance(key, RSAPublicKey):
        raise NoUsableKey("the key in the record is no RSA key")
    if key.key_size < SMALLEST_RSA:
        raise NoUsableKey(f"the RSA key has {key.key_size} bits, fewer than {SMALLEST_RSA}", is_policy=True)
    if key.key_size > LARGEST_RSA or key.public_numbers().e.bit_length() > _LARGEST_EXPONENT_BITS:
        raise NoUsableKey("the RSA key is larger than anybody needs", is_policy=True)
    return key
