"""The audit's head, signed, to be kept where its administrators cannot write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedHead:
    """`hash` is that of event `seq`, in hex; `signature` is Ed25519 in base64 over `signed_bytes`; `key` names the key."""

    day: str
    seq: int
    hash: str
    at: float
    key: str
    signature: str = ""

    @property
    def signed_bytes(self) -> bytes:
        """What is signed: every field but the signature, one a line."""
        return "\n".join(("wardmail audit head", self.day, str(self.seq), self.hash, repr(self.at), self.key)).encode()
