"""Reads how full an integration's own ceilings are, for what a program is told with each answer."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.model.ceiling import Ceiling
from wardmail.model.integration import Integration
from wardmail.model.message import Envelope
from wardmail.outbound.traffic import MINUTE, charges_of
from wardmail.ports import Clock
from wardmail.store.limits import StoreLimits
from wardmail.store.quota import Used


class StoredCeilings:
    def __init__(self, limits: StoreLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock

    def of(self, integration: Integration) -> Sequence[Ceiling]:
        """As they stand for one more message to one recipient. Blocking."""
        now = self._clock.now()
        charges = charges_of(integration, Envelope(None, ()), 1)
        return [_ceiling(each, now) for each in self._limits.used(charges)]


def _ceiling(used: Used, now: float) -> Ceiling:
    charge = used.charge
    name = f"{charge.key.partition(':')[0]}-{'minute' if charge.window == MINUTE else 'day'}"
    left = max(0, charge.limit - used.used)
    return Ceiling(name, charge.limit, charge.window, left, max(0.0, used.room_at - now) if used.room_at else 0.0)
