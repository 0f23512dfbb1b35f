"""Seals content at rest with AES-256-GCM under data keys of the keystore: destroying a data key shreds what it sealed."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wardmail.edges.keystore import Keystore
from wardmail.model.refusal import Unavailable

DATA_KEY = "data-key"
"""The kind of data keys: one for each day and term, by name and so the same in every process.

Their meta: `group` (see `model.retention`), and `id`, which stands in what the key sealed.
"""

KEY_ID = 8
_FORM = b"\x01"
_NONCE = 12
_HEAD = len(_FORM) + KEY_ID
_MOST_USES = 2**28  # by one process; NIST SP 800-38D 8.3 allows 2**32 random nonces under one key in all


@dataclass(frozen=True, slots=True)
class DataKey:
    id: bytes
    cipher: AESGCM = field(repr=False)


@dataclass(slots=True)
class _InUse:
    key: DataKey
    uses: int = 0


class DataKeys:
    """The key of each group, and keys by their ID. Safe for threads."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore
        self._lock = threading.Lock()
        self._version = 0
        self._by_id: dict[bytes, DataKey] = {}
        self._in_use: dict[str, _InUse] = {}
        self._series = 0

    def of_group(self, group: str) -> DataKey:
        """Made when it is first asked for."""
        self._forget_when_changed()
        found = self._in_use.get(group)
        if found is None or found.uses >= _MOST_USES:
            with self._lock:
                found = self._in_use[group] = self._begin(group, is_worn=found is not None)
        found.uses += 1
        return found.key

    def of(self, key_id: bytes) -> DataKey:
        """Raises Unavailable when the key was deleted."""
        self._forget_when_changed()
        known = self._by_id.get(key_id)
        if known is None:
            known = self._by_id[key_id] = self._find(key_id)
        return known

    def groups(self) -> list[str]:
        """Oldest day first."""
        return sorted({each.meta["group"] for each in self._keystore.entries(DATA_KEY)})

    def destroy(self, group: str) -> None:
        names = {each.name for each in self._keystore.entries(DATA_KEY) if each.meta["group"] == group}
        self._keystore.delete_all(names)

    def _forget_when_changed(self) -> None:
        version = self._keystore.version
        if version != self._version:
            self._by_id, self._version = {}, version
            known = {each.meta["id"] for each in self._keystore.entries(DATA_KEY)}
            self._in_use = {group: each for group, each in self._in_use.items() if each.key.id.hex() in known}

    def _begin(self, group: str, *, is_worn: bool) -> _InUse:
        name = f"data:{group}"
        if is_worn:
            self._series += 1
            name = f"{name}.{os.getpid()}.{self._series}"
        if name not in self._keystore.names(DATA_KEY):
            secret, identity = os.urandom(32), os.urandom(KEY_ID).hex()
            self._keystore.put_if_absent(name, DATA_KEY, secret, id=identity, group=group)
        return _InUse(self._key(name, bytes.fromhex(self._keystore.entry(name).meta["id"])))

    def _find(self, key_id: bytes) -> DataKey:
        found = self._named(key_id)
        if found is None:
            # Another process may have made it a moment ago, and sealed what we are to open.
            self._keystore.look_again()
            found = self._named(key_id)
        if found is not None:
            return self._key(found, key_id)
        raise Unavailable("sealed content", "its data key is not in the keystore (destroyed, or of another keystore)")

    def _named(self, key_id: bytes) -> str | None:
        entries = self._keystore.entries(DATA_KEY)
        return next((each.name for each in entries if each.meta.get("id") == key_id.hex()), None)

    def _key(self, name: str, identity: bytes) -> DataKey:
        return DataKey(identity, AESGCM(self._keystore.reveal(name)))


class ContentSealer:
    """Implements `ports.Sealer` and `outbound.shredding.KeyGroups`.

    Sealed form: 0x01, key ID (8), nonce (12), ciphertext with tag (16).
    """

    def __init__(self, keystore: Keystore) -> None:
        self._keys = DataKeys(keystore)

    def groups(self) -> list[str]:
        return self._keys.groups()

    def destroy(self, group: str) -> None:
        self._keys.destroy(group)

    def seal(self, parts: Sequence[bytes], context: bytes, group: str) -> bytes:
        key = self._keys.of_group(group)
        head = _FORM + key.id
        nonce = os.urandom(_NONCE)
        return b"".join((head, nonce, key.cipher.encrypt(nonce, b"".join(parts), head + context)))

    def open(self, sealed: bytes, context: bytes) -> bytes:
        if not sealed.startswith(_FORM):
            raise Unavailable("sealed content", "it is not in a form of this version")
        head, nonce, rest = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            return self._keys.of(head[1:]).cipher.decrypt(nonce, rest, head + context)
        except (InvalidTag, ValueError):
            raise Unavailable("sealed content", "it was changed, or belongs elsewhere") from None
