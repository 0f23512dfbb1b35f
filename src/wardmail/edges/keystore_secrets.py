"""Secrets as the walks ask for them: by reference, from the keystore or a store outside, kept for a stated time (RECV-6)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from wardmail.edges.keystore import Keystore
from wardmail.edges.outside_stores import OutsideStores, StoreSettings
from wardmail.edges.revealed import Revealed
from wardmail.model.secret_reference import scheme_of

_OVER_THE_NETWORK = frozenset({"vault", "azure", "pkcs11"})
_KEYSTORE = "keystore:"


@dataclass(slots=True)
class _Kept:
    """One secret of an outside store. The lock lets one thread ask while the others wait for its answer."""

    lock: threading.Lock
    revealed: Revealed | None = None
    good_until: float = 0.0


class KeystoreSecrets:
    """Implements `ports.Secrets`. Blocking for outside stores: call it from a thread.

    What the keystore or this machine holds is read each time. What a store over the network gave is kept for
    `keep` seconds and then asked for again; when the store does not answer then, the secret is unavailable.
    """

    def __init__(
        self,
        keystore: Keystore,
        stores: OutsideStores | None = None,
        *,
        keep: float = 0.0,
        note_use: Callable[[str], None] = lambda reference: None,
    ) -> None:
        self._keystore = keystore
        self._stores = stores or OutsideStores(StoreSettings())
        self._keep = keep
        self._note_use = note_use
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def reveal(self, reference: str) -> bytes:
        secret = self.look_at(reference).secret
        self._note_use(reference)
        return secret

    def forget(self, reference: str) -> None:
        kept = self._kept.get(reference)
        if kept is not None:
            kept.good_until = 0.0

    def look_at(self, reference: str) -> Revealed:
        """The secret with its dates; this does not count as a use of it."""
        if reference.startswith(_KEYSTORE):
            return self._from_keystore(reference.removeprefix(_KEYSTORE))
        if scheme_of(reference) not in _OVER_THE_NETWORK:
            return self._stores.read(reference)
        with self._lock:
            kept = self._kept.setdefault(reference, _Kept(threading.Lock()))
        with kept.lock:
            if kept.revealed is None or time.monotonic() >= kept.good_until:
                kept.revealed = None
                kept.revealed = self._stores.read(reference)
                kept.good_until = time.monotonic() + self._keep
            return kept.revealed

    def _from_keystore(self, name: str) -> Revealed:
        secret, meta = self._keystore.reveal(name), self._keystore.entry(name).meta
        since = meta.get("since")
        return Revealed(secret, float(since) if since else None, meta.get("expires"))
