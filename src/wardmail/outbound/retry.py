"""When to try again: a schedule that grows, with jitter so that a crowd does not come back at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence

MINUTES = (1, 5, 10, 15, 30, 60, 60, 120, 120, 240)
"""The first steps are short: most deferrals are greylisting or a restart, and clinical mail should not wait for those.

RFC 5321 section 4.5.4.1 asks for 30 minutes *in general* and allows a first quick retry; the later steps keep to it."""


def next_attempt(attempts: int, now: float, jitter: float, schedule: Sequence[float] = MINUTES) -> float:
    """When attempt number `attempts` + 1 is due. `jitter` in 0…1 moves it by up to a fifth either way."""
    minutes = schedule[min(max(attempts, 1), len(schedule)) - 1]
    return now + minutes * 60 * (0.8 + 0.4 * jitter)
