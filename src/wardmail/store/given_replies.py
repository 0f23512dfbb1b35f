"""Remembers for a day what was answered to requests with a key, so that a repetition sends nothing twice."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.repetition import AnotherRequest, BeingAnswered, FirstTime, GivenBefore, Repetition
from wardmail.store.connection import Database
from wardmail.store.schema_of_programs import given_reply

KEPT = 86_400.0
IN_HAND = 120.0
"""Seconds for which a request is taken to be in hand; after that its process has died."""


class StoreGivenReplies:
    """Implements `ports.GivenReplies`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def begin(self, integration: str, key: str, fingerprint: str, message_id: str) -> Repetition:
        now = self._database.clock.now()
        with self._database.write() as connection:
            connection.execute(delete(given_reply).where(given_reply.c.at < now - KEPT))
            fresh = {"integration_id": integration, "key": key, "fingerprint": fingerprint, "message_id": message_id}
            statement = self._insert(given_reply).values(**fresh, reply="", at=now).on_conflict_do_nothing()
            if connection.execute(statement.returning(given_reply.c.key)).first() is not None:
                return FirstTime(message_id)
            row = connection.execute(select(given_reply).where(_of(integration, key)).with_for_update()).one()
            return self._known(connection, row, fingerprint, now)

    def keep(self, integration: str, key: str, reply: str) -> None:
        with self._database.write() as connection:
            connection.execute(update(given_reply).where(_of(integration, key)).values(reply=reply))

    def forget(self, integration: str, key: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(given_reply).where(_of(integration, key)))

    def leave(self, integration: str, key: str) -> None:
        over = self._database.clock.now() - IN_HAND
        with self._database.write() as connection:
            connection.execute(update(given_reply).where(_of(integration, key)).values(at=over))

    def _known(self, connection: Connection, row: Row[tuple[object, ...]], fingerprint: str, now: float) -> Repetition:
        if row.fingerprint != fingerprint:
            return AnotherRequest()
        if row.reply:
            return GivenBefore(row.reply)
        if now - row.at < IN_HAND:
            return BeingAnswered()
        connection.execute(update(given_reply).where(_of(row.integration_id, row.key)).values(at=now))
        return FirstTime(row.message_id, is_retry=True)


def _of(integration: str, key: str) -> ColumnElement[bool]:
    return and_(given_reply.c.integration_id == integration, given_reply.c.key == key)
