"""Circuit breakers that all processes share: counted and judged in the transaction that writes the outcomes down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from wardmail.model.integration import Integration
from wardmail.model.stored import Charge, Event, RecipientUpdate
from wardmail.model.traffic import Breaker, Phase, Tally, Verdict
from wardmail.policy.breakers import closed, judge
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.quota import Quota, used_of
from wardmail.store.register_version import moved_on
from wardmail.store.schema import integration
from wardmail.store.schema_of_traffic import breaker as table

HOUR, DAY = 3600, 86_400
_WINDOWS = {
    Verdict.SENT: (HOUR, DAY),
    Verdict.BOUNCED: (HOUR,),
    Verdict.REFUSED: (HOUR,),
    Verdict.COMPLAINED: (DAY,),
}


class Breakers:
    """In the caller's write transaction. What goes well costs one statement for each integration of a batch."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)
        self._quota = Quota(database)
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    def count(self, connection: Connection, updates: Iterable[RecipientUpdate], now: float) -> None:
        counts = Counter((each.integration_id, each.verdict) for each in updates if each.verdict is not None)
        if not counts:
            return
        known = in_force(connection)
        charges = [
            Charge(_key(known.get(of), of, verdict, now), amount, 0, window)
            for (of, verdict), amount in counts.items()
            if verdict is not None
            for window in _WINDOWS[verdict]
        ]
        self._quota.use(connection, charges, now)
        for of in {of for of, _ in counts}:
            breaker = known.get(of)
            on_trial = breaker is not None and breaker.phase(now) is Phase.TRIAL
            if on_trial or any(counts[of, bad] for bad in (Verdict.BOUNCED, Verdict.REFUSED, Verdict.COMPLAINED)):
                self._judge(connection, of, breaker, now)

    def close(self, integration_id: str, actor: str, reason: str) -> Breaker | None:
        """A person lets the integration send again; None when it was not paused."""
        now = self._database.clock.now()
        with self._database.write() as connection:
            found = in_force(connection).get(integration_id)
            if found is None or found.phase(now) is Phase.CLOSED:
                return None
            after = closed(found, now)
            self._save(connection, after, Event("BreakerClosed", now, actor, None, integration_id, {"reason": reason}))
            return after

    def tally(self, integration_id: str) -> Tally:
        """What counts for or against it now."""
        now = self._database.clock.now()
        with self._database.read() as connection:
            return _tally(connection, in_force(connection).get(integration_id), integration_id, now)

    def _judge(self, connection: Connection, of: str, breaker: Breaker | None, now: float) -> None:
        text = connection.execute(select(integration.c.record).where(integration.c.id == of)).scalar_one_or_none()
        if text is None:
            return
        terms = records.decode(Integration, text).traffic.breaker
        after = judge(of, terms, breaker, _tally(connection, breaker, of, now), now)
        if after is None:
            return
        if after.closed_at is not None:
            event = Event("BreakerClosed", now, "wardmail", None, of, {"reason": "the trial went well"})
        else:
            detail: dict[str, object] = {"reason": after.reason, "until": after.until}
            event = Event("BreakerOpened", now, "wardmail", None, of, detail)
        self._save(connection, after, event)

    def _save(self, connection: Connection, breaker: Breaker, event: Event) -> None:
        statement = self._insert(table).values(
            integration_id=breaker.integration_id, record=records.encode(breaker), updated_at=event.at
        )
        changed = {"record": statement.excluded.record, "updated_at": statement.excluded.updated_at}
        connection.execute(statement.on_conflict_do_update(index_elements=["integration_id"], set_=changed))
        moved_on(connection, self._database)
        self._chain.append(connection, [event])


def in_force(connection: Connection) -> Mapping[str, Breaker]:
    texts = connection.execute(select(table.c.record)).scalars()
    return {each.integration_id: each for each in (records.decode(Breaker, text) for text in texts)}


def _tally(connection: Connection, breaker: Breaker | None, of: str, now: float) -> Tally:
    def used(verdict: Verdict, window: int) -> int:
        return used_of(connection, Charge(_key(breaker, of, verdict, now), 0, 0, window), now).used

    return Tally(
        used(Verdict.SENT, HOUR),
        used(Verdict.BOUNCED, HOUR),
        used(Verdict.REFUSED, HOUR),
        used(Verdict.COMPLAINED, DAY),
        used(Verdict.SENT, DAY),
    )


def _key(breaker: Breaker | None, of: str, verdict: Verdict, now: float) -> str:
    """Each phase of a breaker is counted for itself: what went wrong before a trial must not fail it."""
    when = f"{breaker.number}-{breaker.phase(now).value}" if breaker is not None else "0"
    return f"{verdict.value}:{of}:{when}"
