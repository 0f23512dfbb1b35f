"""What is known about secrets besides what their stores say: when they were last used, and until when they are good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema_of_keeping import secret


@dataclass(frozen=True, slots=True)
class SecretNote:
    last_used_at: float | None
    expires: date | None


class StoreSecretNotes:
    """By reference, as `keystore:NAME`, or by the name of a signing key."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def all(self) -> Mapping[str, SecretNote]:
        with self._database.read() as connection:
            return {
                row.reference: SecretNote(row.last_used_at, date.fromisoformat(row.expires) if row.expires else None)
                for row in connection.execute(select(secret))
            }

    def used(self, at: Mapping[str, float]) -> None:
        if not at:
            return
        statement = self._insert(secret)
        newer = or_(secret.c.last_used_at.is_(None), secret.c.last_used_at < statement.excluded.last_used_at)
        statement = statement.on_conflict_do_update(
            index_elements=["reference"], set_={"last_used_at": statement.excluded.last_used_at}, where=newer
        )
        with self._database.write() as connection:
            connection.execute(statement, [{"reference": name, "last_used_at": when} for name, when in at.items()])

    def note(self, kind: str, subject: str, actor: str, where: str) -> None:
        """An event about a key, and no more. `where` is a reference."""
        with self._database.write() as connection:
            event = Event(kind, self._database.clock.now(), actor, None, subject, {"at": where})
            self._chain.append(connection, [event])

    def changed(self, kind: str, reference: str, actor: str, expires: date | None, reason: str = "") -> None:
        """`kind` is the event's: SecretKept, SecretRotated, SecretRemoved, SecretDated, SigningKeyAdded and so on."""
        text = expires.isoformat() if expires else None
        statement = self._insert(secret).values(reference=reference, expires=text)
        detail: dict[str, object] = {"expires": text}
        if reason:
            detail["reason"] = reason
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["reference"], set_={"expires": text}))
            event = Event(kind, self._database.clock.now(), actor, None, reference, detail)
            self._chain.append(connection, [event])
