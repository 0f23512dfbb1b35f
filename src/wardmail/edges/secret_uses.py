"""Remembers in memory which secrets this process used, until somebody writes it down."""

from __future__ import annotations

from wardmail.ports import Clock


class SecretUses:
    """Safe for threads; noting a use costs next to nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: dict[str, float] = {}

    def note(self, name: str) -> None:
        """`name` is a reference, or the name of a signing key."""
        self._at[name] = self._clock.now()

    def take(self) -> dict[str, float]:
        taken, self._at = self._at, {}
        return taken
