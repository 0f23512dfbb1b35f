"""What people ask about ceilings: how full each is, and when there is room again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wardmail.model.stored import Charge
from wardmail.store.connection import Database
from wardmail.store.quota import Used, forget_old, used_of
from wardmail.store.sightings import forget_old_sightings


class StoreLimits:
    def __init__(self, database: Database) -> None:
        self._database = database

    def forget_old(self) -> None:
        """Drop what no window reaches any more."""
        now = self._database.clock.now()
        with self._database.write() as connection:
            forget_old(connection, now)
            forget_old_sightings(connection, now)

    def used(self, charges: Iterable[Charge]) -> Sequence[Used]:
        now = self._database.clock.now()
        with self._database.read() as connection:
            return [used_of(connection, charge, now) for charge in charges]
