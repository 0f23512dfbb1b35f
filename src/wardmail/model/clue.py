"""The form of clues: which month's key made one, and what that key makes of a term (ADR 19)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

_BITS = 48
"""Of the keyed hash. The months above them keep what is stored lately together, and tell by which key it was made."""


def month_of(at: float) -> int:
    """In months of UTC since January 1970."""
    return _month(int(at // 86_400))


def month_name(month: int) -> str:
    """As `2026-11`."""
    return f"{1970 + month // 12}-{month % 12 + 1:02}"


def named_month(name: str) -> int:
    """Raises ValueError for what is not as `month_name` writes it."""
    day = date.fromisoformat(f"{name}-01")
    return (day.year - 1970) * 12 + day.month - 1


def month_ends(month: int) -> float:
    return datetime.fromisoformat(f"{month_name(month + 1)}-01T00:00:00+00:00").timestamp()


def clue_of(month: int, digest: bytes) -> int:
    """A positive number of 63 bits, as both databases can keep it."""
    return month << _BITS | int.from_bytes(digest[: _BITS // 8])


def clues_in(month: int) -> range:
    """All that could have been made by this month's key."""
    return range(month << _BITS, (month + 1) << _BITS)


@lru_cache(maxsize=256)
def _month(day: int) -> int:
    found = datetime.fromtimestamp(day * 86_400, UTC)
    return (found.year - 1970) * 12 + found.month - 1
