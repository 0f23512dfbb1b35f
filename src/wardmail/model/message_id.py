"""The form of message IDs: 18 letters and digits that sort by time."""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 18
RANDOM_BITS = 40


def make_id(at: float, noise: int) -> str:
    """Crockford's base 32 of 50 bits of milliseconds since the epoch and `noise`, 40 random bits."""
    number = (int(at * 1000) << RANDOM_BITS) | noise
    return "".join([_ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5)])


def first_id_at(at: float) -> str:
    """No message that was accepted at this time or later has a smaller ID."""
    return make_id(max(at, 0.0), 0)


def ids_that_begin(text: str) -> tuple[str, str]:
    """The first and the last that could; of what begins no ID, a range without any."""
    if not (text.isascii() and text.isalnum()) or len(text) > _LENGTH:
        return "Z", "0"
    return text, text.ljust(_LENGTH, _ALPHABET[-1])
