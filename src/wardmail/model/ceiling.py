"""How full a ceiling is at this moment, as programs are told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ceiling:
    """`quota` in each `window` (seconds), `left` of it; `again_in` seconds there is room for one more (0: now)."""

    name: str
    quota: int
    window: int
    left: int
    again_in: float
