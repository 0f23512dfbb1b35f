"""Signs the audit's head each day and keeps it as a file; and checks the files that were kept."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wardmail.edges.keystore import Keystore
from wardmail.model.audit import SignedHead
from wardmail.model.refusal import Unavailable

_NAME = "audit-signing"
_LARGEST = 4096
_RAW = serialization.Encoding.Raw


class HeadSigner:
    """The key is made on first use, lives in the keystore, and never leaves it. Raises Unavailable without it."""

    def __init__(self, keystore: Keystore) -> None:
        made = Ed25519PrivateKey.generate().private_bytes(
            _RAW, serialization.PrivateFormat.Raw, serialization.NoEncryption()
        )
        keystore.put_if_absent(_NAME, "audit", made)
        self._private = Ed25519PrivateKey.from_private_bytes(keystore.reveal(_NAME))

    @property
    def public_key(self) -> str:
        """Base64; print it once, and keep it where heads are checked."""
        raw = self._private.public_key().public_bytes(_RAW, serialization.PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def sign(self, day: str, seq: int, digest: bytes, at: float) -> SignedHead:
        head = SignedHead(day, seq, digest.hex(), at, self.public_key)
        return replace(head, signature=base64.b64encode(self._private.sign(head.signed_bytes)).decode())

    def sign_bytes(self, content: bytes) -> str:
        """Base64, over any content: evidence packs are signed by the same key."""
        return base64.b64encode(self._private.sign(content)).decode()


def is_genuine(head: SignedHead, public_key: str) -> bool:
    """Signed by this key: the one that the head itself names proves nothing."""
    return head.key == public_key and is_signed(head.signed_bytes, head.signature, public_key)


def is_signed(content: bytes, signature: str, public_key: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


class HeadFiles:
    """One file a day, written whole or not at all, and never written again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def has(self, day: str) -> bool:
        return self._path(day).exists()

    def keep(self, head: SignedHead) -> Path:
        """The first of a day stays: a later one would let an earlier alteration go unnoticed."""
        path = self._path(head.day)
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished = path.with_name(f".{path.name}.{os.getpid()}")
            unfinished.write_text(json.dumps(asdict(head), indent=1) + "\n")
            try:
                os.link(unfinished, path)
            finally:
                unfinished.unlink()
        except FileExistsError:
            return path
        except OSError as error:
            raise Unavailable("the directory of audit heads", error.strerror) from error
        return path

    def read(self) -> Iterator[tuple[Path, SignedHead | None]]:
        """In order of days; None for a file that is no head."""
        for path in sorted(self._directory.glob("*.json")):
            yield path, _read(path)

    def _path(self, day: str) -> Path:
        return self._directory / f"{day}.json"


def _read(path: Path) -> SignedHead | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        values = json.loads(path.read_text())
        return SignedHead(
            str(values["day"]),
            int(values["seq"]),
            str(values["hash"]),
            float(values["at"]),
            str(values["key"]),
            str(values["signature"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
