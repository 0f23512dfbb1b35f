"""Seals ARC chains as a hop would (RFC 8617 section 5.1), for tests of those who validate them."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from dkim.canonicalization import Relaxed

from tests.signatures import rsa_pem, rsa_record
from wardmail.protocol.raw_message import split_message

HOPS = ("one.example", "two.example", "three.example")
KEYS = {f"s1._domainkey.{domain}": rsa_record(rsa_pem(1024)) for domain in HOPS}
NAMES = (b"from", b"to", b"subject", b"date")
_SET = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")


def sealed(message: bytes, domain: str, instance: int, *, said: str = "", dmarc: str = "pass") -> bytes:
    """`said` is cv=, by default what it should be."""
    split = split_message(message)
    results = (
        f"ARC-Authentication-Results: i={instance}; {domain}; dmarc={dmarc} header.from=sender.example\r\n".encode()
    )
    tags = f"a=rsa-sha256; d={domain}; s=s1; t=1764000000;".encode()
    body = base64.b64encode(hashlib.sha256(Relaxed.canonicalize_body(message[split.body_start :])).digest())
    bare = b"ARC-Message-Signature: i=%d; %b c=relaxed/relaxed;\r\n h=%b; bh=%b;\r\n b=" % (
        *(instance, tags),
        *(b":".join(NAMES), body),
    )
    raws = [raw for name in NAMES for known, raw in split.fields if known == name]
    signature = bare + _signed(_relaxed([*raws, bare + b"\r\n"])) + b"\r\n"
    chain = said or ("none" if instance == 1 else "pass")
    seal = b"ARC-Seal: i=%d; cv=%b; %b\r\n b=" % (instance, chain.encode(), tags)
    older = [_set(split.fields, number) for number in range(1, instance)]
    to_seal = [raw for each in older for raw in each] if chain != "fail" else []
    seal += _signed(_relaxed([*to_seal, results, signature, seal + b"\r\n"])) + b"\r\n"
    return seal + signature + results + message


def _set(fields: tuple[tuple[bytes, bytes], ...], instance: int) -> list[bytes]:
    mark = b" i=%d;" % instance
    return [next(raw for name, raw in fields if name == wanted and mark in raw) for wanted in _SET]


def _relaxed(raws: list[bytes]) -> bytes:
    pairs = [tuple(raw.split(b":", 1)) for raw in raws]
    return b"".join(name + b":" + value for name, value in Relaxed.canonicalize_headers(pairs))[:-2]


def _signed(data: bytes) -> bytes:
    key = serialization.load_pem_private_key(rsa_pem(1024), None)
    assert isinstance(key, RSAPrivateKey)
    return base64.b64encode(key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
