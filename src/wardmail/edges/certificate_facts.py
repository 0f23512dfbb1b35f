"""Reads a certificate file: for whom, until when, and whether its key is strong enough (SHARE-10)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from wardmail.model.refusal import Unavailable


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """`expires_at` in seconds since the epoch; `key` in words."""

    names: tuple[str, ...]
    expires_at: float
    key: str
    is_strong: bool


def certificate_facts(path: Path) -> CertificateFacts:
    """Of the first certificate in a PEM file. Raises Unavailable."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unavailable(f"the certificate {path}", error) from error
    return facts_of(certificate)


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    key, strong = _strength(certificate)
    return CertificateFacts(_names(certificate), certificate.not_valid_after_utc.timestamp(), key, strong)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return ()
    return tuple(names.get_values_for_type(x509.DNSName))


def _strength(certificate: x509.Certificate) -> tuple[str, bool]:
    key = certificate.public_key()
    match key:
        case rsa.RSAPublicKey():
            return f"RSA of {key.key_size} bits", key.key_size >= 2048
        case ec.EllipticCurvePublicKey():
            return f"elliptic curve {key.curve.name}", key.curve.key_size >= 256
        case ed25519.Ed25519PublicKey():
            return "Ed25519", True
        case _:
            return type(key).__name__, False
