"""Numbers for pages and charts, of the newest rows only: what a page asks for must cost the same however much is stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import case, func, select

from wardmail.model.figures import Copies, Counted
from wardmail.model.message_id import first_id_at
from wardmail.store.connection import Database
from wardmail.store.schema import message, recipient
from wardmail.store.schema_of_keeping import secret

CREDENTIAL = "credential:"
"""Before a user name, in the notes of what was used when."""


class StoreFigures:
    """Implements `ports.Figures`. `most` rows are looked at, the newest first; `Counted` says whether there were more."""

    def __init__(self, database: Database, most: int = 20_000) -> None:
        self._database = database
        self._most = most

    def copies(self, starts: Sequence[float]) -> Counted[tuple[Copies, ...]]:
        """By the period that each came in (`starts` are their beginnings, oldest first), state and domain."""
        newest = (
            select(recipient.c.message_id, recipient.c.state, recipient.c.domain)
            .where(recipient.c.message_id >= first_id_at(starts[0]))
            .order_by(recipient.c.message_id.desc())
            .limit(self._most)
            .subquery()
        )
        ladder = [(newest.c.message_id >= first_id_at(start), n) for n, start in reversed(list(enumerate(starts)))]
        period = case(*ladder).label("period")
        query = select(period, newest.c.state, newest.c.domain, func.count()).group_by(
            period, newest.c.state, newest.c.domain
        )
        with self._database.read() as connection:
            found = tuple(Copies(*row) for row in connection.execute(query))
        return Counted(found, sum(each.count for each in found) >= self._most)

    def handed_in(self, since: float) -> Counted[Mapping[str, int]]:
        """Messages by integration."""
        newest = (
            select(message.c.integration_id)
            .where(message.c.id >= first_id_at(since))
            .order_by(message.c.id.desc())
            .limit(self._most)
            .subquery()
        )
        query = select(newest.c.integration_id, func.count()).group_by(newest.c.integration_id)
        with self._database.read() as connection:
            found = {name: int(count) for name, count in connection.execute(query)}
        return Counted(found, sum(found.values()) >= self._most)

    def hits(self, since: float) -> Counted[Mapping[str, int]]:
        """By rule: how many copies it spoke on."""
        newest = (
            select(recipient.c.because)
            .where(recipient.c.message_id >= first_id_at(since))
            .order_by(recipient.c.message_id.desc())
            .limit(self._most)
            .subquery()
        )
        query = select(newest.c.because, func.count()).group_by(newest.c.because)
        found: Counter[str] = Counter()
        looked_at = 0
        with self._database.read() as connection:
            for because, count in connection.execute(query):
                looked_at += count
                for rule in {rule for rule, *_ in json.loads(because)}:
                    found[rule] += count
        return Counted(found, looked_at >= self._most)

    def last_uses(self) -> Mapping[str, float]:
        """By user name: when each credential last let somebody in, as far as it was seen (to the minute)."""
        query = select(secret.c.reference, secret.c.last_used_at).where(
            secret.c.reference.startswith(CREDENTIAL, autoescape=True), secret.c.last_used_at.is_not(None)
        )
        with self._database.read() as connection:
            return {row.reference.removeprefix(CREDENTIAL): row.last_used_at for row in connection.execute(query)}
