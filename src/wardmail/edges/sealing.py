"""Seals content at rest with AES-256-GCM under data keys of the keystore: deleting a data key shreds what it sealed."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wardmail.edges.keystore import Keystore
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock

DATA_KEY = "data-key"
"""The kind of data keys: one for each day, by name and so the same in every process; meta `id` stands in what it sealed."""

KEY_ID = 8
_FORM = b"\x01"
_NONCE = 12
_HEAD = len(_FORM) + KEY_ID
_MOST_USES = 2**28  # by one process; NIST SP 800-38D 8.3 allows 2**32 random nonces under one key in all
_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class DataKey:
    id: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.id.hex()})"


class DataKeys:
    """The key for today, and the keys of other days by their ID. Safe for threads."""

    def __init__(self, keystore: Keystore, clock: Clock) -> None:
        self._keystore = keystore
        self._clock = clock
        self._lock = threading.Lock()
        self._version = 0
        self._by_id: dict[bytes, DataKey] = {}
        self._today: tuple[int, DataKey] | None = None
        self._uses = 0
        self._series = 0

    def current(self) -> DataKey:
        day = int(self._clock.now() // _A_DAY)
        self._forget_when_changed()
        today = self._today
        if today is None or today[0] != day or self._uses >= _MOST_USES:
            with self._lock:
                today = self._begin(day)
        self._uses += 1
        return today[1]

    def of(self, key_id: bytes) -> DataKey:
        """Raises Unavailable when the key was deleted."""
        self._forget_when_changed()
        known = self._by_id.get(key_id)
        if known is None:
            known = self._by_id[key_id] = self._find(key_id)
        return known

    def _forget_when_changed(self) -> None:
        version = self._keystore.version
        if version != self._version:
            self._by_id, self._today, self._version = {}, None, version

    def _begin(self, day: int) -> tuple[int, DataKey]:
        self._series = self._series + 1 if self._uses >= _MOST_USES else 0
        date = datetime.fromtimestamp(day * _A_DAY, UTC).date().isoformat()
        name = f"data:{date}" if not self._series else f"data:{date}.{os.getpid()}.{self._series}"
        if name not in self._keystore.names(DATA_KEY):
            self._keystore.put_if_absent(name, DATA_KEY, os.urandom(32), id=os.urandom(KEY_ID).hex())
        self._version = self._keystore.version
        key = DataKey(bytes.fromhex(self._keystore.entry(name).meta["id"]), self._keystore.reveal(name))
        self._today, self._uses = (day, key), 0
        return day, key

    def _find(self, key_id: bytes) -> DataKey:
        for entry in self._keystore.entries(DATA_KEY):
            if entry.meta.get("id") == key_id.hex():
                return DataKey(key_id, self._keystore.reveal(entry.name))
        raise Unavailable("sealed content", "its data key is not in the keystore (deleted, or of another keystore)")


class ContentSealer:
    """Implements `ports.Sealer`. Sealed form: 0x01, key ID (8), nonce (12), ciphertext with tag (16)."""

    def __init__(self, keystore: Keystore, clock: Clock) -> None:
        self._keys = DataKeys(keystore, clock)
        self._latest: tuple[DataKey, AESGCM] | None = None

    def seal(self, parts: Sequence[bytes], context: bytes) -> bytes:
        key = self._keys.current()
        head = _FORM + key.id
        nonce = os.urandom(_NONCE)
        return b"".join((head, nonce, self._cipher(key).encrypt(nonce, b"".join(parts), head + context)))

    def open(self, sealed: bytes, context: bytes) -> bytes:
        if not sealed.startswith(_FORM):
            raise Unavailable("sealed content", "it is not in a form of this version")
        head, nonce, rest = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            return self._cipher(self._keys.of(head[1:])).decrypt(nonce, rest, head + context)
        except (InvalidTag, ValueError):
            raise Unavailable("sealed content", "it was changed, or belongs elsewhere") from None

    def new_file_key(self, salt: bytes, context: bytes) -> tuple[bytes, AESGCM]:
        """The key of one file, used for nothing else, and the ID of the data key it comes from."""
        key = self._keys.current()
        return key.id, _file_cipher(key, salt, context)

    def file_key(self, key_id: bytes, salt: bytes, context: bytes) -> AESGCM:
        return _file_cipher(self._keys.of(key_id), salt, context)

    def _cipher(self, key: DataKey) -> AESGCM:
        latest = self._latest
        if latest is None or latest[0] is not key:
            latest = self._latest = (key, AESGCM(key.secret))
        return latest[1]


def _file_cipher(key: DataKey, salt: bytes, context: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt, b"wardmail file " + context).derive(key.secret))
