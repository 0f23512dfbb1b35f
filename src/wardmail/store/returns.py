"""Finds the copies that a report is about, and writes down what became of them after they had left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection, and_, or_, select, update

from wardmail.model.delivery import RecipientState
from wardmail.model.returned import ReportKind, Returned, SentCopy
from wardmail.model.stored import Event, RecipientUpdate
from wardmail.store.breakers import Breakers
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema import message, recipient
from wardmail.store.suppressions import StoreSuppressions

_LEFT = (RecipientState.RELAYED.value, RecipientState.DELIVERED.value, RecipientState.BOUNCED.value)
_MOST = 500


class StoreReturns:
    """Implements `ports.Returns`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._breakers = Breakers(database)
        self._suppressions = StoreSuppressions(database)

    def sent_copies(self, ids: Collection[str], envid: str, addresses: Collection[str]) -> Sequence[SentCopy]:
        by_id = message.c.id.in_(list(ids))
        by_envid = and_(message.c.envid == envid, recipient.c.address.in_(list(addresses)))
        query = (
            select(recipient.c.message_id, recipient.c.n, recipient.c.address, message.c.integration_id)
            .join(message, message.c.id == recipient.c.message_id)
            .where(recipient.c.state.in_(_LEFT), or_(by_id, by_envid) if envid and addresses else by_id)
            .order_by(recipient.c.message_id, recipient.c.n)
            .limit(_MOST)
        )
        with self._database.read() as connection:
            return [SentCopy(*row) for row in connection.execute(query)]

    def take(self, returned: Sequence[Returned], actor: str) -> Sequence[bool]:
        if not returned:
            return []
        with self._database.write() as connection:
            return [self._take(connection, each, actor) for each in returned]

    def _take(self, connection: Connection, each: Returned, actor: str) -> bool:
        """Said twice it counts once: a bounce changes the copy's state, a complaint the list."""
        changed = each.kind is ReportKind.BOUNCE and self._bounces(connection, each)
        added = each.suppress is not None and self._suppressions.add_in(connection, [each.suppress]) > 0
        if not changed and not added:
            return False
        detail: dict[str, object] = {
            "n": each.copy.n,
            "kind": each.kind.value,
            "status": each.status,
            "suppressed": added,
        }
        event = Event("ReportTaken", each.at, actor, each.copy.message_id, f"recipient {each.copy.n}", detail)
        self._chain.append(connection, [event])
        counted = RecipientUpdate(each.copy.message_id, each.copy.n, RecipientState.BOUNCED, 0, None)
        counted = replace(counted, integration_id=each.copy.integration_id, verdict=each.verdict)
        self._breakers.count(connection, [counted], each.at)
        return True

    @staticmethod
    def _bounces(connection: Connection, each: Returned) -> bool:
        statement = (
            update(recipient)
            .where(
                recipient.c.message_id == each.copy.message_id,
                recipient.c.n == each.copy.n,
                recipient.c.state == RecipientState.RELAYED.value,
            )
            .values(
                state=RecipientState.BOUNCED.value,
                last_reply=f"reported later: {each.status} {each.words}".strip(),
                updated_at=each.at,
            )
        )
        return connection.execute(statement).rowcount > 0
