"""Makes a private authority and a server certificate for trying things out on one machine."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SandboxCertificate:
    """PEM files: what clients must trust, and what the server shows."""

    authority: Path
    certificate: Path
    key: Path


def make_sandbox_certificate(directory: Path, names: Sequence[str]) -> SandboxCertificate:
    """A P-256 certificate for `names` (host names or IP addresses) that is good for a year, by an authority of ten.

    Files that are there already are kept, unless the names differ or less than a month is left.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = SandboxCertificate(directory / "ca.pem", directory / "server.pem", directory / "server.key")
    now = datetime.datetime.now(datetime.UTC)
    authority_key, authority = _authority(directory / "ca.key", files.authority, now)
    wanted = x509.SubjectAlternativeName([_general_name(name) for name in names])
    if not _is_current(files.certificate, authority, wanted, now) or not files.key.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _leaf(key.public_key(), wanted, authority, authority_key, now)
        _write_private(files.key, _key_pem(key))
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return files


def _authority(
    key_file: Path, file: Path, now: datetime.datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    if key_file.exists() and file.exists():
        known = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if isinstance(known, ec.EllipticCurvePrivateKey):
            return known, x509.load_pem_x509_certificate(file.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Wardmail sandbox authority")])
    certificate = (
        _begin(name, name, key.public_key(), now, years=10)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_private(key_file, _key_pem(key))
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key, certificate


def _leaf(
    key: ec.EllipticCurvePublicKey,
    names: x509.SubjectAlternativeName,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Wardmail sandbox server")])
    return (
        _begin(subject, authority.subject, key, now, years=1)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime, *, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + years * 365 * _DAY)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _is_current(
    file: Path, authority: x509.Certificate, names: x509.SubjectAlternativeName, now: datetime.datetime
) -> bool:
    if not file.exists():
        return False
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    shown = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    is_ours = certificate.issuer == authority.subject
    return is_ours and shown == names and certificate.not_valid_after_utc > now + 30 * _DAY


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
