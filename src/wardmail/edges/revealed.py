"""What a store of secrets gives: a secret with its dates, or the public part of a key that never leaves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SMALLEST_RSA = 2048  # RFC 8301 3.2: signers use at least 2048 bits


@dataclass(frozen=True, slots=True)
class Revealed:
    """`since` is when this value came to be, in seconds since the epoch; `expires` an ISO day; None: not known."""

    secret: bytes = field(repr=False)
    since: float | None = None
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`octets` is the SubjectPublicKeyInfo in DER; `version` what the store calls this state of the key."""

    algorithm: str
    octets: bytes
    version: str = ""


def public_key_of(octets: bytes, version: str = "") -> PublicKey:
    """From PEM or DER. Raises ValueError for a key that must not sign mail (RFC 8301, RFC 8463)."""
    load = serialization.load_pem_public_key if octets.startswith(b"-----") else serialization.load_der_public_key
    try:
        key = load(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("its public key cannot be read") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA:
        algorithm = "rsa-sha256"
    elif isinstance(key, Ed25519PublicKey):
        algorithm = "ed25519-sha256"
    else:
        raise ValueError(f"it is neither RSA of {SMALLEST_RSA} bits or more, nor Ed25519")
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return PublicKey(algorithm, key.public_bytes(encoding, form), version)


def rsa_key(modulus: int, exponent: int) -> bytes:
    """SubjectPublicKeyInfo in DER. Raises ValueError when these numbers are no key."""
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def shown_key(octets: bytes) -> bytes:
    """The SubjectPublicKeyInfo of an Ed25519 key. Raises ValueError unless it is 32 octets."""
    key = Ed25519PublicKey.from_public_bytes(octets)
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def day_of(text: object) -> str | None:
    """An ISO day, or None when it is none."""
    try:
        return date.fromisoformat(str(text)[:10]).isoformat()
    except ValueError:
        return None
