"""A security key in software (Web Authentication level 3, section 6): it signs whatever a test tells it to."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from wardmail.protect.security_key import octets_of, text_of

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftKey:
    """`count` grows at each signature, unless `counts` is False, as with keys that are synchronised."""

    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    count: int = 0

    def create(self, asked: dict[str, Any], origin: str, **changed: Any) -> str:
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        data = self._data(changed.get("host", asked["rp"]["id"]), ATTESTED) + attested
        client = self._client("webauthn.create", changed.get("challenge", asked["challenge"]), origin)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(clientDataJSON=client, attestationObject=made)

    def get(self, asked: dict[str, Any], origin: str, **changed: Any) -> str:
        data = self._data(changed.get("host", asked["rpId"]), 0)
        kind = changed.get("kind", "webauthn.get")
        client = self._client(kind, changed.get("challenge", asked["challenge"]), origin)
        signed = (changed.get("key") or self.key).sign(
            data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256())
        )
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signed)

    def _data(self, host: str, more: int) -> bytes:
        self.count += 1 if self.counts else 0
        return hashlib.sha256(host.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}).encode()

    def _answer(self, **response: bytes) -> str:
        written = {name: text_of(value) for name, value in response.items()}
        return json.dumps(
            {"id": text_of(self.id), "rawId": text_of(self.id), "type": "public-key", "response": written}
        )


def challenge_like(text: str) -> str:
    return text_of(bytes(len(octets_of(text))))
