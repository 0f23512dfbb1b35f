"""How times are written for programs."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(at: float) -> str:
    """In UTC, to the millisecond: `2026-11-22T14:02:00.123Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
