"""Keys, their records, and messages that dkimpy signs: what tests of verification are made from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import dkim as dkimpy
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.zones import Zone, ask
from wardmail.model.sender import DkimEvidence
from wardmail.protect.body_hash import BodyHashes
from wardmail.protect.canonical import RelaxedBodyHash, relaxed_field
from wardmail.protect.dkim_verify import verify_dkim
from wardmail.protocol.raw_message import split_message

NOW = 1_764_000_000.0
DOMAIN = "sender.example"
HEAD = (
    b"Received: from x\r\n\tby y; Sat, 22 Nov 2025 10:00:00 +0000\r\n"
    b'From: "Billing" <billing@sender.example>\r\nTo:  a@b.example,\r\n\tc@d.example  \r\n'
    b"Subject: Your  invoice\r\n\t now \r\nDate: Sat, 22 Nov 2025 10:00:00 +0000\r\n"
    b"Message-ID: <1@sender.example>\r\n"
)
BODY = b"Hello \t world  \r\n\r\n.leading dot\r\n\t\r\nend\r\n\r\n\r\n"
MESSAGE = HEAD + b"\r\n" + BODY
SIGNED = [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"From", b"Subject"]


@cache
def rsa_pem(bits: int = 2048) -> bytes:
    return generate_private_key(65537, bits).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


@cache
def ed25519_seed() -> bytes:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw())


def rsa_record(pem: bytes | None = None, tags: str = "v=DKIM1; k=rsa;", *, bare: bool = False) -> str:
    key = serialization.load_pem_private_key(pem or rsa_pem(), None, unsafe_skip_rsa_key_validation=True)
    form = serialization.PublicFormat.PKCS1 if bare else serialization.PublicFormat.SubjectPublicKeyInfo
    der = key.public_key().public_bytes(serialization.Encoding.DER, form)
    return f"{tags} p={base64.b64encode(der).decode()}"


def ed25519_record(tags: str = "v=DKIM1; k=ed25519;") -> str:
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(ed25519_seed()))
    return f"{tags} p={base64.b64encode(key.public_key().public_bytes_raw()).decode()}"


@dataclass
class OwnKey:
    """A key of sender.example for our own signer."""

    algorithm: str
    domain: str = DOMAIN

    @property
    def selector(self) -> str:
        return "ed" if self.algorithm.startswith("ed") else "s1"

    def sign(self, data: bytes) -> bytes:
        if self.selector == "ed":
            seed = base64.b64decode(ed25519_seed())
            return Ed25519PrivateKey.from_private_bytes(seed).sign(hashlib.sha256(data).digest())
        key = serialization.load_pem_private_key(rsa_pem(), None)
        assert isinstance(key, RSAPrivateKey)
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def signed(message: bytes = MESSAGE, algorithm: str = "rsa-sha256", **wishes: Any) -> bytes:
    """`wishes` are dkimpy's own: canonicalize, length, identity, include_headers."""
    options = {"canonicalize": (b"relaxed", b"relaxed"), "include_headers": SIGNED} | wishes
    selector, key = (b"ed", ed25519_seed()) if algorithm.startswith("ed") else (b"s1", options.pop("pem", rsa_pem()))
    domain = options.pop("domain", DOMAIN.encode())
    field = dkimpy.sign(message, selector, domain, key, signature_algorithm=algorithm.encode(), **options)
    return bytes(field) + message


def signed_as_written(message: bytes, names: bytes, covered: Sequence[bytes]) -> bytes:
    """`names` is h= to the letter, also what dkimpy refuses to sign; `covered` the raw fields that it comes to."""
    hashing = RelaxedBodyHash()
    hashing.update(message[split_message(message).body_start :])
    field = b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=sender.example; s=ed; h=%b; bh=%b; b=" % (
        names,
        base64.b64encode(hashing.digest()),
    )
    canonical = [relaxed_field(raw.partition(b":")[0].lower(), raw) for raw in [*covered, field + b"\r\n"]]
    value = OwnKey("ed25519-sha256").sign(b"".join(canonical).removesuffix(b"\r\n"))
    return field + base64.b64encode(value) + b"\r\n" + message


def zone(records: Mapping[str, str | Sequence[str]] | None = None) -> Zone:
    """By default both keys of sender.example; `records` replaces or adds TXT records, TIMEOUT among them."""
    names: dict[str, Any] = {
        "s1._domainkey.sender.example": rsa_record(),
        "ed._domainkey.sender.example": ed25519_record(),
    }
    names |= records or {}
    found: dict[str, list[Any]] = {}
    for name, texts in names.items():
        each = [texts] if isinstance(texts, str) else list(texts)
        found[name] = [text if text == "TIMEOUT" else {"TXT": text} for text in each]
    return Zone(found)


def verified(message: bytes, names: Zone | None = None, *, now: float = NOW, **wishes: Any) -> tuple[DkimEvidence, ...]:
    split = split_message(message)
    body = BodyHashes(split.octets, split.body_start)
    return ask(verify_dkim(split.fields, body, now=now, **wishes), names or zone())
