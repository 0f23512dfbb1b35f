"""The real clock, and message IDs made from it."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SystemClock:
    def now(self) -> float:
        return time.time()


def new_message_id() -> str:
    """18 letters and digits (Crockford's base 32): 50 bits of milliseconds, so that IDs sort by time, then 40 random."""
    number = (int(time.time() * 1000) << 40) | secrets.randbits(40)
    letters = []
    for _ in range(18):
        letters.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(letters))
