"""The versions of the site's policy; what is in force is part of the register's snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.message_id import first_id_at
from wardmail.model.policy import NO_SITE_POLICY, PolicyState, PolicyVersion
from wardmail.model.register import Change
from wardmail.model.stored import Event
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.register_version import moved_on
from wardmail.store.schema import message, policy_version, recipient

T = TypeVar("T")


class StorePolicies:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def all(self) -> Sequence[PolicyVersion]:
        """Oldest first."""
        with self._database.read() as connection:
            return _all(connection)

    def next_number(self) -> int:
        with self._database.read() as connection:
            return int(connection.execute(select(func.max(policy_version.c.number))).scalar_one() or 0) + 1

    def save(self, versions: Sequence[PolicyVersion], kind: str, actor: str, reason: str) -> None:
        """All in one transaction: one version comes into force as the other goes out of it."""
        with self._database.write() as connection:
            self._keep(connection, versions, Change(kind, actor, reason))

    def change(
        self, step: Callable[[Sequence[PolicyVersion]], Sequence[PolicyVersion] | T], made: Change
    ) -> Sequence[PolicyVersion] | T:
        """In one transaction with the reading that it is made from: nobody approves what another has withdrawn."""
        with self._database.write() as connection:
            after = step(_all(connection))
            if isinstance(after, list):
                self._keep(connection, after, made)
            return after

    def _keep(self, connection: Connection, versions: Sequence[PolicyVersion], made: Change) -> None:
        for each in versions:
            values = {"number": each.number, "state": each.state.value, "record": records.encode(each)}
            statement = self._insert(policy_version).values(**values)
            changed = {"state": statement.excluded.state, "record": statement.excluded.record}
            connection.execute(statement.on_conflict_do_update(index_elements=["number"], set_=changed))
        states = {each.name: each.state.value for each in versions}
        detail: dict[str, object] = {"reason": made.reason, "states": states}
        moved_on(connection, self._database)
        event = Event(made.kind, self._database.clock.now(), made.actor, None, versions[0].name, detail)
        self._chain.append(connection, [event])

    def facts_since(self, since: float, most: int | None = None) -> Iterator[tuple[str, str, str, str]]:
        """Message ID, integration, recipient and stored facts of every copy judged since then, oldest first.

        `most`: of so many, the newest first.
        """
        query = (
            select(message.c.id, message.c.integration_id, recipient.c.address, recipient.c.facts)
            .join(message, message.c.id == recipient.c.message_id)
            .where(message.c.id >= first_id_at(since), message.c.received_at >= since, recipient.c.facts != "")
            .order_by(message.c.id if most is None else message.c.id.desc())
            .limit(most)
        )
        with self._database.read() as connection:
            for row in connection.execution_options(yield_per=2000).execute(query):
                yield row.id, row.integration_id, row.address, row.facts

    def count_since(self, since: float) -> int:
        query = (
            select(func.count())
            .select_from(recipient.join(message, message.c.id == recipient.c.message_id))
            .where(message.c.received_at >= since, recipient.c.facts != "")
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())


def _all(connection: Connection) -> list[PolicyVersion]:
    query = select(policy_version.c.record).order_by(policy_version.c.number)
    return [records.decode(PolicyVersion, text) for text in connection.execute(query).scalars()]


def in_force(connection: Connection) -> PolicyVersion:
    query = select(policy_version.c.record).where(policy_version.c.state == PolicyState.ACTIVE.value)
    text = connection.execute(query.order_by(policy_version.c.number.desc())).scalars().first()
    return records.decode(PolicyVersion, text) if text else NO_SITE_POLICY
