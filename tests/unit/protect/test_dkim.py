"""DKIM signatures: accepted by dkimpy and by OpenDKIM, broken by every change that matters."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import dkim as dkimpy
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from wardmail.protect import dkim
from wardmail.protocol.headers import HeaderBlock

NOW = time.time()


@dataclass
class RsaKey:
    private: RSAPrivateKey
    domain: str = "sender.example"
    selector: str = "s1"
    algorithm: str = "rsa-sha256"

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    @property
    def record(self) -> bytes:
        der = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


@dataclass
class EdKey:
    private: Ed25519PrivateKey
    domain: str = "sender.example"
    selector: str = "s2"
    algorithm: str = "ed25519-sha256"

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(hashlib.sha256(data).digest())

    @property
    def record(self) -> bytes:
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(self.private.public_key().public_bytes_raw())


RSA = RsaKey(generate_private_key(65537, 2048))
ED = EdKey(Ed25519PrivateKey.generate())

HEAD = (
    b"Received: from x\r\n\tby y; Sat, 22 Nov 2025 10:00:00 +0000\r\n"
    b'From: "Billing" <billing@sender.example>\r\nTo:  a@b.example,\r\n\tc@d.example  \r\n'
    b"Subject: =?utf-8?q?Your_invoice?=\r\n\t now\r\nDate: Sat, 22 Nov 2025 10:00:00 +0000\r\n"
    b"Message-ID: <1@sender.example>\r\nMIME-Version: 1.0\r\nX-Other: unsigned\r\n"
    b"Content-Type: text/plain;\r\n charset=utf-8\r\nList-Unsubscribe: <https://sender.example/u/1>\r\n"
    b"Sender: other@sender.example\r\n"
)
BODY = b"Hello \t world  \r\n\r\n.leading dot\r\n\r\n\r\n"


def signed(key: RsaKey | EdKey, head: bytes = HEAD, body: bytes = BODY, **times: float) -> bytes:
    block = HeaderBlock.split(head)
    assert isinstance(block, HeaderBlock)
    hashing = dkim.RelaxedBodyHash()
    hashing.update(body)
    return dkim.sign(key, block.fields, hashing.digest(), now=NOW, **times) + head + b"\r\n" + body


class VerifyKey:
    """Stands in for the optional PyNaCl in dkimpy, by means of the cryptography package."""

    def __init__(self, encoded: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded))

    def verify(self, digest: bytes, signature: bytes) -> None:
        self._key.verify(signature, digest)


@pytest.fixture(autouse=True)
def ed25519_in_dkimpy(monkeypatch: pytest.MonkeyPatch) -> None:
    exceptions = SimpleNamespace(ValueError=ValueError, BadSignatureError=InvalidSignature)
    stand_in = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=exceptions,
    )
    monkeypatch.setattr(dkimpy, "nacl", stand_in, raising=False)


def accepted_by_dkimpy(message: bytes) -> bool:
    records = {b"s1._domainkey.sender.example.": RSA.record, b"s2._domainkey.sender.example.": ED.record}
    return bool(dkimpy.verify(message, dnsfunc=lambda name, timeout=5: records.get(name, b"")))


@pytest.mark.parametrize("key", [RSA, ED], ids=["rsa", "ed25519"])
@pytest.mark.parametrize("body", [BODY, b"", b"\r\n", b"x\r\n", b" \r\n\t\r\n", b"a" * 100_000 + b"\r\n"])
def test_dkimpy_accepts(key: RsaKey | EdKey, body: bytes) -> None:
    assert accepted_by_dkimpy(signed(key, body=body))


CHANGES = [
    (b"billing@", b"boss@"),
    (b"Your_invoice", b"Your_refund"),
    (b"Hello", b"Hallo"),
    (b"<https://sender.example/u/1>", b"<https://evil.example/u/1>"),
    (b"X-Other:", b"From: evil@evil.example\r\nX-Other:"),
    (b"X-Other:", b"Subject: second\r\nX-Other:"),
    (b"X-Other:", b"Reply-To: evil@evil.example\r\nX-Other:"),
    (b"X-Other:", b"Cc: evil@evil.example\r\nX-Other:"),
    (b"X-Other:", b"Content-Type: text/html\r\nX-Other:"),
    (b"X-Other:", b"Content-Transfer-Encoding: base64\r\nX-Other:"),
    (b"X-Other:", b"Sender: evil@evil.example\r\nX-Other:"),
    (b"leading dot\r\n", b"leading dot\r\nappended\r\n"),
]


@pytest.mark.parametrize("key", [RSA, ED], ids=["rsa", "ed25519"])
@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_change_that_matters_breaks_it(key: RsaKey | EdKey, before: bytes, after: bytes) -> None:
    message = signed(key)
    changed = message.replace(before, after)
    assert changed != message
    assert not accepted_by_dkimpy(changed)


def test_a_change_that_does_not_matter_breaks_nothing() -> None:
    message = signed(RSA)
    assert accepted_by_dkimpy(message.replace(b"X-Other: unsigned", b"X-Other: changed"))
    assert accepted_by_dkimpy(message.replace(b"To:  a@b.example,\r\n\tc", b"to: a@b.example, c"))


def test_duplicates_are_signed_from_the_bottom_and_once_more() -> None:
    head = b"From: a@sender.example\r\nTo: first@x.example\r\nTo: second@x.example\r\n"
    message = signed(RSA, head)
    assert accepted_by_dkimpy(message)
    assert tag(message, "h").split(":").count("to") == 3
    assert not accepted_by_dkimpy(message.replace(b"first@", b"third@"))


def tag(message: bytes, name: str) -> str:
    field = message.split(b"\r\n", 1)[1] if not message.startswith(b"DKIM") else message
    flat = re.sub(r"\s+", "", field[: field.index(b"\r\nFrom")].decode() if b"\r\nFrom" in field else field.decode())
    match = re.search(rf"[;:]{name}=([^;]*)", flat)
    return match[1] if match else ""


def test_tags() -> None:
    message = signed(RSA, expires=NOW + 1000)
    assert tag(message, "t") == str(int(NOW))
    assert tag(message, "x") == str(int(NOW) + 1000)
    assert tag(message, "l") == ""
    assert tag(signed(RSA), "x") == ""
    names = tag(message, "h").split(":")
    assert names.count("from") == 2
    assert names.count("reply-to") == 1
    assert names.count("sender") == 2
    assert "references" not in names
    assert "received" not in names


def test_the_field_is_folded_and_one_field() -> None:
    message = signed(RSA)
    field = message[: message.index(b"Received:")]
    assert all(len(line) <= 80 for line in field.split(b"\r\n"))
    block = HeaderBlock.split(field)
    assert isinstance(block, HeaderBlock)
    assert [name for name, _ in block.fields] == [b"dkim-signature"]


@pytest.mark.parametrize(
    "key",
    [
        RsaKey(RSA.private, algorithm="rsa-sha1"),
        RsaKey(RSA.private, domain="x; l=0"),
        RsaKey(RSA.private, selector="a\r\nX: y"),
        RsaKey(RSA.private, domain=""),
    ],
)
def test_a_key_that_cannot_sign(key: RsaKey) -> None:
    with pytest.raises(ValueError, match="DKIM key"):
        signed(key)


@pytest.mark.skipif(not shutil.which("opendkim"), reason="OpenDKIM is not installed")
@pytest.mark.parametrize("key", [RSA, ED], ids=["rsa", "ed25519"])
def test_opendkim_accepts_it_and_refuses_a_forgery(key: RsaKey | EdKey, tmp_path: Path) -> None:
    records = tmp_path / "keys"
    records.write_bytes(b"%b._domainkey.%b %b\n" % (key.selector.encode(), key.domain.encode(), key.record))
    config = tmp_path / "opendkim.conf"
    config.write_text(f"Mode v\nTestPublicKeys {records}\nUserID {_me()}\nSyslog no\n")
    message = tmp_path / "message.eml"
    outcomes: list[str] = []
    for body in (BODY, BODY, b""):
        text = signed(key, body=body)
        message.write_bytes(text if not outcomes or body != BODY else text.replace(b"Hello", b"Hallo"))
        ran = subprocess.run(
            ["opendkim", "-t", str(message), "-x", str(config), "-vv"], capture_output=True, text=True, timeout=30
        )
        outcomes.append(ran.stdout + ran.stderr)
    assert "dkim=pass" in outcomes[0], outcomes[0]
    assert "dkim=pass" not in outcomes[1], outcomes[1]
    assert "dkim=pass" in outcomes[2], outcomes[2]


def _me() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()


def test_an_eleven_kilobyte_body_is_hashed_quickly() -> None:
    body = b"A line of an ordinary letter, with words in it.\r\n" * 220
    best = 1.0
    for _ in range(50):
        started = time.perf_counter()
        hashing = dkim.RelaxedBodyHash()
        hashing.update(body)
        hashing.digest()
        best = min(best, time.perf_counter() - started)
    assert best < 160e-6, "four times the budget of 40 microseconds, for machines under load"
