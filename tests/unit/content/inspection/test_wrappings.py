"""What is wrapped: signed content is read through, encrypted and split content is kept back."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from tests.mail_of import HEAD, PROGRAM, attached, found_in, multipart, names_in

from wardmail.content.inspection import inspect


def signed(content: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(at).not_valid_after(at.replace(year=2027)).sign(key, hashes.SHA256())
    )  # fmt: skip
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes])


def opaque(octets: bytes) -> bytes:
    head = HEAD + b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(octets)


def test_signed_content_is_read_through() -> None:
    inspection = inspect(opaque(signed(attached(PROGRAM, "evil.exe"))))
    assert "evil.exe" in names_in(inspection)
    assert "type-executable" in {finding.id for finding in inspection.all_findings}


def indefinite(tag: bytes, content: bytes) -> bytes:
    return tag + b"\x80" + content + b"\0\0"


def test_signed_content_in_pieces_of_indefinite_length_is_read() -> None:
    message = attached(PROGRAM, "evil.exe")
    pieces = b"".join(b"\x04\x64" + message[start : start + 100] for start in range(0, len(message) // 100 * 100, 100))
    data, signed_data = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("06092a864886f70d010702")
    wrapped = indefinite(b"\x30", data + indefinite(b"\xa0", indefinite(b"\x24", pieces)))
    octets = indefinite(
        b"\x30", signed_data + indefinite(b"\xa0", indefinite(b"\x30", b"\x02\x01\x01\x31\x00" + wrapped))
    )
    assert "evil.exe" in names_in(inspect(opaque(octets)))


@pytest.mark.parametrize(
    ("message", "finding"),
    [
        (opaque(bytes.fromhex("308006092a864886f70d010703a080")), "smime-encrypted"),
        (opaque(bytes.fromhex("308006092a864886f70d010702a080")), "smime-unreadable"),
        (opaque(b"nonsense"), "smime-unreadable"),
        (opaque(b"\x30\x80" * 5000), "smime-unreadable"),
        (multipart(b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1"), "pgp-encrypted"),
        (HEAD + b"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n", "pgp-encrypted"),
        (HEAD + b"Content-Type: message/partial; id=x; number=1\r\n\r\nhello", "mime-partial"),
        (HEAD + b"Content-Type: message/external-body; access-type=URL\r\n\r\nhello", "mime-external-body"),
        (HEAD + b"\r\n(This file must be converted with BinHex 4.0)\r\n:abc:\r\n", "mime-binhex"),
        (attached(b"\x78\x9f\x3e\x22\0\0\2\x05\0\0\0\xff\xff\xff\xff", "winmail.dat"), "tnef-unreadable"),
    ],
)  # fmt: skip
def test_what_nobody_can_look_into(message: bytes, finding: str) -> None:
    assert finding in found_in(message)


def test_tnef_gives_its_attachments() -> None:
    def attribute(number: int, value: bytes) -> bytes:
        return b"\2" + number.to_bytes(2, "little") + b"\0\0" + len(value).to_bytes(4, "little") + value + b"\0\0"

    octets = (
        b"\x78\x9f\x3e\x22\0\0"
        + attribute(0x9002, b"x")
        + attribute(0x8010, b"evil.exe\0")
        + attribute(0x800F, PROGRAM)
    )
    assert "evil.exe" in names_in(inspect(attached(octets, "winmail.dat", "application/ms-tnef")))
