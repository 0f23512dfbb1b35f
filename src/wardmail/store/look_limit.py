"""How often people may have domains looked at, counted for all processes: each look knocks at doors of others."""

from __future__ import annotations

from wardmail.model.stored import Charge, Full
from wardmail.store.connection import Database
from wardmail.store.quota import Quota

LOOKS_OF_ONE, LOOKS_OF_ALL = 60, 240
"""In an hour."""

_AN_HOUR = 3600


class StoreLookLimit:
    """Implements `ports.domains.LookLimit`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._quota = Quota(database)

    def take(self, person: str) -> Full | None:
        charges = (
            Charge(f"looks-of:{person}", 1, LOOKS_OF_ONE, _AN_HOUR),
            Charge("looks", 1, LOOKS_OF_ALL, _AN_HOUR),
        )
        with self._database.write() as connection:
            return self._quota.take(connection, charges, self._database.clock.now())
