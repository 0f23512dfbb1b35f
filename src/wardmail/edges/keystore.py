"""The embedded keystore: named secrets in one file, each sealed with AES-256-GCM (RECV-6).

They are sealed under a random key of the keystore's own, which the master key unlocks: so the master key can be changed.
"""

from __future__ import annotations

import json
import math
import os
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wardmail.edges.keystore_file import Contents, KeystoreFile, Lock, SealedEntry
from wardmail.edges.master_key import MasterKey
from wardmail.model.refusal import Unavailable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}").fullmatch
_NONCE, _SALT, _KEY = 12, 16, 32
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

    def __init__(
        self,
        file: KeystoreFile,
        master: MasterKey,
        follow_every: float = 0.0,
        fetch_master: Callable[[], MasterKey] | None = None,
    ) -> None:
        """`follow_every`: seconds for which the file is taken to be as it was last seen; a change by us counts at once.

        `fetch_master` gets the master key anew: it is asked when the file was locked again under another one.
        """
        self._follow_every = follow_every
        self._fetch_master = fetch_master
        self._looked_at = 0.0
        self._file = file
        self._lock = threading.Lock()
        self._master = master
        self._stamp = file.stamp()
        contents = file.read()
        # One value, so that no thread ever has the one without the other.
        self._state = (contents, AESGCM(self._own_key(contents.locks, master)))
        self._version = 1

    @staticmethod
    def create(path: Path, master: MasterKey) -> Keystore:
        """A new, empty keystore; refuses to touch an existing file."""
        file = KeystoreFile(path)
        with file.locked():
            if path.exists():
                raise Unavailable(f"the keystore {path}", "it exists already and is not overwritten")
            file.replace(Contents((_locked(os.urandom(_KEY), master),), {}))
        return Keystore(file, master)

    @staticmethod
    def open(
        path: Path,
        master: MasterKey,
        follow_every: float = 0.0,
        fetch_master: Callable[[], MasterKey] | None = None,
    ) -> Keystore:
        return Keystore(KeystoreFile(path), master, follow_every, fetch_master)

    @property
    def locks(self) -> int:
        """How many master keys open it: more than one means that a change of the master key is not finished."""
        return len(self._current()[0].locks)

    def relock(self, *masters: MasterKey) -> None:
        """Seal everything anew, so that exactly these master keys open it; one file replaces the other, or nothing happens.

        What an earlier master key could open in this file, it cannot open in the new one.
        """
        with self._lock, self._file.locked():
            self._reread()
            contents, before = self._state
            key = os.urandom(_KEY)
            sealing = AESGCM(key)
            entries = {}
            for name, entry in contents.entries.items():
                secret = self._opened(name, entry, before)
                entries[name] = replace(entry, sealed=_sealed(sealing, name, entry.kind, entry.meta, secret))
            self._file.replace(Contents(tuple(_locked(key, master) for master in masters), entries))
            self._master = masters[-1]
            self._reread()

    @property
    def version(self) -> int:
        """Grows when somebody changed the keystore: whoever keeps opened keys drops them then."""
        self._current()
        return self._version

    def put(self, name: str, kind: str, secret: bytes, **meta: str) -> None:
        """Enter or replace a secret. Raises ValueError for a name that is none."""
        self._change(name, kind, meta, secret)

    def put_if_absent(self, name: str, kind: str, secret: bytes, **meta: str) -> None:
        """Of several processes that enter the same name, the first wins."""
        self._change(name, kind, meta, secret, keep_existing=True)

    def describe(self, name: str, **meta: str) -> None:
        """Replace what is said of an entry; its secret stays."""
        self.put(name, self._entry(name)[0].kind, self.reveal(name), **meta)

    def delete(self, name: str) -> None:
        """What only this key could open is gone for good (crypto-shredding): old copies of the file must go too."""
        self._entry(name)
        self.delete_all((name,))

    def delete_all(self, names: Collection[str]) -> None:
        """In one step; names that are not there are passed over."""
        with self._lock, self._file.locked():
            self._reread()
            contents = self._state[0]
            entries = {name: entry for name, entry in contents.entries.items() if name not in names}
            self._file.replace(replace(contents, entries=entries))
            self._reread()

    def reveal(self, name: str) -> bytes:
        return self._opened(name, *self._entry(name))

    def names(self, kind: str | None = None) -> list[str]:
        return [entry.name for entry in self.entries(kind)]

    def entry(self, name: str) -> KeystoreEntry:
        found, _ = self._entry(name)
        return KeystoreEntry(name, found.kind, found.meta)

    def entries(self, kind: str | None = None) -> list[KeystoreEntry]:
        """In order of name; what they say of themselves is only proved by `reveal`."""
        return [
            KeystoreEntry(name, entry.kind, entry.meta)
            for name, entry in sorted(self._current()[0].entries.items())
            if kind is None or entry.kind == kind
        ]

    def look_again(self) -> None:
        """Whatever was seen a moment ago: for somebody who misses what another process may just have entered."""
        self._looked_at = -math.inf
        self._current()

    def _entry(self, name: str) -> tuple[SealedEntry, AESGCM]:
        contents, sealing = self._current()
        if name not in contents.entries:
            self.look_again()
            contents, sealing = self._state
        entry = contents.entries.get(name)
        if entry is None:
            raise Unavailable(f"the keystore {self._file.path}", f"there is no entry {name!r}")
        return entry, sealing

    def _current(self) -> tuple[Contents, AESGCM]:
        now = time.monotonic()
        if now - self._looked_at >= self._follow_every:
            self._looked_at = now
            if self._file.stamp() != self._stamp:
                with self._lock:
                    self._reread()
        return self._state

    def _reread(self) -> None:
        # The stamp is taken first: a replacement between the two lines is noticed at the next question.
        stamp = self._file.stamp()
        contents, (before, sealing) = self._file.read(), self._state
        if contents.locks != before.locks:
            sealing = AESGCM(self._key_of_another_lock(contents.locks))
        if contents != before:
            self._version += 1
        self._stamp, self._state = stamp, (contents, sealing)

    def _key_of_another_lock(self, locks: tuple[Lock, ...]) -> bytes:
        try:
            return self._own_key(locks, self._master)
        except Unavailable:
            if self._fetch_master is None:
                raise
        # The file is what counts: whoever locked it anew has put the new master key where the settings say.
        master = self._fetch_master()
        key = self._own_key(locks, master)
        self._master = master
        return key

    def _own_key(self, locks: tuple[Lock, ...], master: MasterKey) -> bytes:
        for lock in locks:
            try:
                return AESGCM(master.derive(lock.salt)).decrypt(lock.wrapped[:_NONCE], lock.wrapped[_NONCE:], _CHECK)
            except (InvalidTag, ValueError):
                continue
        raise Unavailable(
            f"the keystore {self._file.path}",
            "the master key does not open it: it has another one, or was replaced by another keystore",
        )

    def _change(
        self, name: str, kind: str, meta: Mapping[str, str], secret: bytes, *, keep_existing: bool = False
    ) -> None:
        if not _NAME(name):
            raise ValueError("the name of a secret is letters, digits and . _ : @ -")
        with self._lock, self._file.locked():
            self._reread()
            contents, sealing = self._state
            entries = dict(contents.entries)
            if keep_existing and name in entries:
                return
            # Sealed only now: the keystore's own key may have changed while we waited for our turn.
            entries[name] = SealedEntry(kind, meta, _sealed(sealing, name, kind, meta, secret))
            self._file.replace(replace(contents, entries=entries))
            self._reread()

    def _opened(self, name: str, entry: SealedEntry, sealing: AESGCM) -> bytes:
        try:
            binding = _binding(name, entry.kind, entry.meta)
            return sealing.decrypt(entry.sealed[:_NONCE], entry.sealed[_NONCE:], binding)
        except (InvalidTag, ValueError):
            raise Unavailable(f"the keystore {self._file.path}", f"the entry {name} was tampered with") from None


def _locked(key: bytes, master: MasterKey) -> Lock:
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    return Lock(salt, nonce + AESGCM(master.derive(salt)).encrypt(nonce, key, _CHECK))


def _sealed(sealing: AESGCM, name: str, kind: str, meta: Mapping[str, str], secret: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + sealing.encrypt(nonce, secret, _binding(name, kind, meta))


def _binding(name: str, kind: str, meta: Mapping[str, str]) -> bytes:
    return json.dumps([name, kind, dict(meta)], sort_keys=True).encode()
