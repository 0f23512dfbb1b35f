"""A pack that cannot hold every event holds the newest, on both databases, and says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from wardmail.manage.evidence_tables import changes
from wardmail.model.evidence import MOST_EVENTS, Evidence, Period
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.evidence import StoreEvidence


def test_the_newest_of_a_period_are_kept_the_oldest_first(database: Database) -> None:
    made = [Event("RouteChanged", float(at), "amina", None, f"r{at}", {}) for at in range(9)]
    with database.write() as connection:
        EventChain(database).append(connection, made)
    found = StoreEvidence(database).events(Period(0.0, 8.0), limit=3)
    assert [each["subject"] for each in found] == ["r5", "r6", "r7"]


def test_it_says_how_much_it_leaves_out() -> None:
    event = {"at": 1.0, "kind": "RouteChanged", "actor": "amina", "subject": "relay"}

    def above(count: int) -> object:
        return changes(cast(Evidence, SimpleNamespace(events=(event,) * count))).blocks[0]

    assert above(201) == "The last 200 of 201; all are in the JSON file."
    assert above(MOST_EVENTS) == "The last 200 of 5,000 or more; the last 5,000 are in the JSON file."
