"""The embedded keystore: named secrets in one file, each sealed with AES-256-GCM under the master key (RECV-6)."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wardmail.edges.keystore_file import Contents, KeystoreFile, SealedEntry
from wardmail.edges.master_key import MasterKey
from wardmail.model.refusal import Unavailable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}").fullmatch
_NONCE = 12
_CHECK = b"wardmail keystore"


@dataclass(frozen=True, slots=True)
class KeystoreEntry:
    """What may be shown of an entry."""

    name: str
    kind: str
    meta: Mapping[str, str]


class Keystore:
    """Several processes may read and write: each sees a change at its next question. Safe for threads.

    Every method raises Unavailable when the file or the entry cannot be read; no message holds a secret.
    """

    def __init__(self, file: KeystoreFile, master: MasterKey, follow_every: float = 0.0) -> None:
        """`follow_every`: seconds for which the file is taken to be as it was last seen; a change by us counts at once."""
        self._follow_every = follow_every
        self._looked_at = 0.0
        self._file = file
        self._lock = threading.Lock()
        self._stamp = file.stamp()
        self._contents = file.read()
        self._sealing = AESGCM(master.derive(self._contents.salt))
        self._open_sealed("check", "", {}, self._contents.check, "the master key does not open it")
        self._version = 1

    @staticmethod
    def create(path: Path, master: MasterKey) -> Keystore:
        """A new, empty keystore; refuses to touch an existing file."""
        file = KeystoreFile(path)
        with file.locked():
            if path.exists():
                raise Unavailable(f"the keystore {path}", "it exists already and is not overwritten")
            salt = os.urandom(16)
            check = _sealed(AESGCM(master.derive(salt)), "check", "", {}, _CHECK)
            file.replace(Contents(salt, check, {}))
        return Keystore(file, master)

    @staticmethod
    def open(path: Path, master: MasterKey, follow_every: float = 0.0) -> Keystore:
        return Keystore(KeystoreFile(path), master, follow_every)

    @property
    def version(self) -> int:
        """Grows when somebody changed the keystore: whoever keeps opened keys drops them then."""
        self._current()
        return self._version

    def put(self, name: str, kind: str, secret: bytes, **meta: str) -> None:
        """Enter or replace a secret. Raises ValueError for a name that is none."""
        if not _NAME(name):
            raise ValueError("the name of a secret is letters, digits and . _ : @ -")
        self._change(name, SealedEntry(kind, meta, _sealed(self._sealing, name, kind, meta, secret)))

    def put_if_absent(self, name: str, kind: str, secret: bytes, **meta: str) -> None:
        """Of several processes that enter the same name, the first wins."""
        if not _NAME(name):
            raise ValueError("the name of a secret is letters, digits and . _ : @ -")
        sealed = SealedEntry(kind, meta, _sealed(self._sealing, name, kind, meta, secret))
        self._change(name, sealed, keep_existing=True)

    def describe(self, name: str, **meta: str) -> None:
        """Replace what is said of an entry; its secret stays."""
        entry = self._entry(name)
        self.put(name, entry.kind, self.reveal(name), **meta)

    def delete(self, name: str) -> None:
        """What only this key could open is gone for good (crypto-shredding): old copies of the file must go too."""
        self._entry(name)
        self._change(name, None)

    def reveal(self, name: str) -> bytes:
        entry = self._entry(name)
        return self._open_sealed(name, entry.kind, entry.meta, entry.sealed, f"the entry {name} was tampered with")

    def names(self, kind: str | None = None) -> list[str]:
        return [entry.name for entry in self.entries(kind)]

    def entry(self, name: str) -> KeystoreEntry:
        found = self._entry(name)
        return KeystoreEntry(name, found.kind, found.meta)

    def entries(self, kind: str | None = None) -> list[KeystoreEntry]:
        """In order of name; what they say of themselves is only proved by `reveal`."""
        return [
            KeystoreEntry(name, entry.kind, entry.meta)
            for name, entry in sorted(self._current().entries.items())
            if kind is None or entry.kind == kind
        ]

    def _entry(self, name: str) -> SealedEntry:
        entry = self._current().entries.get(name)
        if entry is None:
            raise Unavailable(f"the keystore {self._file.path}", f"there is no entry {name!r}")
        return entry

    def _current(self) -> Contents:
        now = time.monotonic()
        if now - self._looked_at >= self._follow_every:
            self._looked_at = now
            if self._file.stamp() != self._stamp:
                with self._lock:
                    self._reread()
        return self._contents

    def _reread(self) -> None:
        # The stamp is taken first: a replacement between the two lines is noticed at the next question.
        stamp = self._file.stamp()
        contents = self._file.read()
        if contents.salt != self._contents.salt:
            raise Unavailable(f"the keystore {self._file.path}", "it was replaced by another one: restart")
        if contents != self._contents:
            self._version += 1
        self._stamp, self._contents = stamp, contents

    def _change(self, name: str, entry: SealedEntry | None, *, keep_existing: bool = False) -> None:
        with self._lock, self._file.locked():
            self._reread()
            entries = dict(self._contents.entries)
            if keep_existing and name in entries:
                return
            if entry is None:
                entries.pop(name, None)
            else:
                entries[name] = entry
            self._file.replace(replace(self._contents, entries=entries))
            self._reread()

    def _open_sealed(self, name: str, kind: str, meta: Mapping[str, str], sealed: bytes, failure: str) -> bytes:
        try:
            return self._sealing.decrypt(sealed[:_NONCE], sealed[_NONCE:], _binding(name, kind, meta))
        except (InvalidTag, ValueError):
            raise Unavailable(f"the keystore {self._file.path}", failure) from None


def _sealed(sealing: AESGCM, name: str, kind: str, meta: Mapping[str, str], secret: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + sealing.encrypt(nonce, secret, _binding(name, kind, meta))


def _binding(name: str, kind: str, meta: Mapping[str, str]) -> bytes:
    return json.dumps([name, kind, dict(meta)], sort_keys=True).encode()
