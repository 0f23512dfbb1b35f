"""Makes clues of search terms by HMAC-SHA-256, under a key of the keystore for each month (ADR 19)."""

from __future__ import annotations

import hmac
import os
import threading
from collections.abc import Sequence

from wardmail.edges.keystore import Keystore
from wardmail.model.clue import clue_of, month_name, month_of, named_month

SEARCH_KEY = "search-key"
"""The kind of these keys; their meta: `month`."""


class MonthlyBlinder:
    """Implements `ports.Blinder` and `outbound.shredding.SearchKeys`. Safe for threads."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore
        self._lock = threading.Lock()
        self._version = 0
        self._keys: dict[int, bytes] = {}

    def blinded(self, terms: Sequence[str], at: float) -> Sequence[int]:
        if not terms:
            return ()
        month = month_of(at)
        return _blinded(terms, month, self._key_of(month) or self._made(month))

    def blinded_ever(self, terms: Sequence[str]) -> Sequence[Sequence[int]]:
        keys = [(month, self._key_of(month)) for month in reversed(self.months())]
        return [_blinded(terms, month, key) for month, key in keys if key is not None]

    def months(self) -> list[int]:
        return sorted(named_month(each.meta["month"]) for each in self._keystore.entries(SEARCH_KEY))

    def destroy(self, month: int) -> None:
        self._keystore.delete_all((_name(month),))

    def _key_of(self, month: int) -> bytes | None:
        """None before the month's first message, and when it was destroyed."""
        version = self._keystore.version
        with self._lock:
            if version != self._version:
                self._keys, self._version = {}, version
            if month not in self._keys and _name(month) in self._keystore.names(SEARCH_KEY):
                self._keys[month] = self._keystore.reveal(_name(month))
            return self._keys.get(month)

    def _made(self, month: int) -> bytes:
        """By the first of several processes that need it."""
        self._keystore.put_if_absent(_name(month), SEARCH_KEY, os.urandom(32), month=month_name(month))
        return self._keystore.reveal(_name(month))


def _blinded(terms: Sequence[str], month: int, key: bytes) -> Sequence[int]:
    return [clue_of(month, hmac.digest(key, term.encode("utf-8", "surrogatepass"), "sha256")) for term in terms]


def _name(month: int) -> str:
    return f"search:{month_name(month)}"
