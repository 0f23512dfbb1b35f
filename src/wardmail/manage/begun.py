"""What was begun in one browser and must be finished there: a cookie that only we can make, and proofs worked out from it.

Nothing is stored for it, so nobody can fill a table by beginning and never finishing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from dataclasses import dataclass

from wardmail.ports import Clock

LASTS = 600
"""Seconds for which what was begun may be finished."""

_COOKIE = re.compile(r"([\w-]{43})\.(\d{1,12})\.([\w.-]{0,1500})\.([0-9a-f]{64})", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Begun:
    """`id` is its own; `parts` are what it was begun with."""

    id: str
    parts: tuple[str, ...]
    key: bytes
    body: str

    @property
    def cookie(self) -> str:
        return f"{self.body}.{self.proof('cookie')}"

    def proof(self, what: str) -> str:
        """64 hexadecimal digits that nobody can guess, and that belong to this alone."""
        return hmac.digest(self.key, f"{what} {self.body}".encode(), "sha256").hex()


class Beginnings:
    """`what` keeps one kind apart from another: a cookie of one opens nothing of the other."""

    def __init__(self, what: str, pepper: bytes, clock: Clock) -> None:
        self._key = hmac.digest(pepper, f"begun {what}".encode(), "sha256")
        self._clock = clock

    def begin(self, *parts: str) -> Begun:
        unique = secrets.token_urlsafe(32)
        body = ".".join([unique, str(int(self._clock.now())), *map(_written, parts)])
        return Begun(unique, parts, self._key, body)

    def opened(self, cookie: str) -> Begun | None:
        """None when it is not ours, or too old."""
        found = _COOKIE(cookie)
        if found is None:
            return None
        begun = Begun(found[1], _parts(found[3]), self._key, cookie.rpartition(".")[0])
        is_ours = hmac.compare_digest(begun.proof("cookie").encode(), found[4].encode())
        return begun if is_ours and 0 <= self._clock.now() - int(found[2]) <= LASTS else None


def _written(part: str) -> str:
    return base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")


def _parts(text: str) -> tuple[str, ...]:
    try:
        return tuple(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode() for part in text.split("."))
    except (binascii.Error, UnicodeDecodeError):
        return ()
