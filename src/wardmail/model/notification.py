"""What a program is told about its mail: thin, without an address, a subject or text; the API has the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notification:
    """`seq` is the place in the audit, the same for ever; `at` in seconds since the epoch. `data` is for JSON."""

    seq: int
    type: str
    at: float
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """`seen_to` is how far the audit was read: there is nothing more for this program up to there."""

    notifications: Sequence[Notification]
    seen_to: int
