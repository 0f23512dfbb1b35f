"""Who has written to an integration before, or was written to: a stranger's letter is looked at more closely (RECV-2)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.store.connection import Database
from wardmail.store.schema import message, recipient
from wardmail.store.schema_of_inbound import correspondent

FEWEST = 20
"""While fewer are known, everybody is a stranger, and that says nothing."""


class Correspondents:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def add(self, connection: Connection, integration: str, authors: Sequence[str]) -> None:
        """In a caller's write transaction."""
        now = self._database.clock.now()
        rows = [
            {"integration_id": integration, "author": each, "first_seen_at": now}
            for each in {_hash(integration, author) for author in authors}
        ]
        if rows:
            connection.execute(self._insert(correspondent).on_conflict_do_nothing(), rows)

    def know(self, integration: str, authors: Sequence[str]) -> bool | None:
        """Blocking. None while nobody can tell."""
        own = correspondent.c.integration_id == integration
        wrote = select(correspondent.c.author).where(
            own, correspondent.c.author.in_([_hash(integration, each) for each in authors])
        )
        written_to = (
            select(recipient.c.n)
            .join(message, message.c.id == recipient.c.message_id)
            .where(recipient.c.address.in_(sorted({*authors, *map(str.lower, authors)})))
            .where(message.c.integration_id == integration)
        )
        with self._database.read() as connection:
            if any(connection.execute(query.limit(1)).first() is not None for query in (wrote, written_to)):
                return True
            some = select(correspondent.c.author).where(own).limit(FEWEST).subquery()
            known = connection.execute(select(func.count()).select_from(some)).scalar_one()
        return False if authors and known >= FEWEST else None


def _hash(integration: str, author: str) -> bytes:
    return hashlib.sha256(f"{integration}\0{author.lower()}".encode()).digest()
