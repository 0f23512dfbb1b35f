"""What people ask about mail that came in, on both databases: found, counted by day, and kept for as long as it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config

from tests.inbound_desk import LETTERS, MAILBOX, MESSAGE, Office, office
from wardmail.inbound import recording
from wardmail.inbound.arrival import collected
from wardmail.model.arrival import ArrivalState
from wardmail.model.handover import Handover, HandoverKind
from wardmail.model.retention import A_DAY, LegalHold, key_group
from wardmail.store.connection import Database
from wardmail.store.inbox import ArrivalSearch, Inbox
from wardmail.store.legal_holds import StoreLegalHolds
from wardmail.store.register import StoreRegister
from wardmail.store.shelves import StoreShelves
from wardmail.store.sources import StoreSources

START = 1_800_000_000.0


@pytest.fixture
def desk(database: Database) -> Iterator[Office]:
    with office(database) as opened:
        yield opened


async def bring(desk: Office, key: str, message: bytes = MESSAGE, sender: str = "") -> str:
    arrived = collected(desk.world, MAILBOX, message)
    changed = replace(arrived.arrival, sender=sender, recipients=("Letters@trust.example",))
    await desk.seen.collect("results", key, key, replace(arrived, arrival=changed))
    return arrived.arrival.id


async def test_it_is_found_by_what_people_know(desk: Office) -> None:
    name = await bring(desk, "1", sender="Ward@nhs.example")
    inbox = Inbox(desk.database)

    def found(**what: object) -> list[str]:
        return [each.id for each in inbox.search(ArrivalSearch(**what))]  # type: ignore[arg-type]

    assert found() == [name]
    assert found(text="ward@NHS.example") == [name]
    assert found(text="<letters@trust.example>") == [name]
    assert found(text="etters@trust.example") == []
    assert found(text="%@trust.example") == []
    assert found(text=name) == found(text=name[:9].lower()) == [name]
    for nothing in (name[:9] + "%", name + "0", name[1:], "trust.example", "\udc80@x", "Ü"):
        assert found(text=nothing) == [], nothing
    assert found(states=(ArrivalState.RECEIVED,), integration="app", source="results") == [name]
    assert found(states=(ArrivalState.DEAD_LETTER,)) == []
    assert inbox.counts() == {"received": 1}


async def test_what_came_in_before_the_upgrade_is_found_as_before(desk: Office) -> None:
    name = await bring(desk, "1", sender="Ward@nhs.example")
    config = Config()
    config.set_main_option("script_location", "src/wardmail/store/migrations")
    with desk.database.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0015")
        command.upgrade(config, "head")
    for text in ("ward@nhs.example", "letters@trust.example"):
        assert [each.id for each in Inbox(desk.database).search(ArrivalSearch(text=text))] == [name]


async def test_every_message_of_a_day_is_in_one_column(desk: Office) -> None:
    inbox = Inbox(desk.database)
    await desk.seen.claim("results", START, START + 1)
    first, second = await bring(desk, "1"), await bring(desk, "2", MESSAGE + b"2")
    await bring(desk, "3", MESSAGE + b"3")
    await desk.seen.note_problem("results", "4", "It is too large.")
    await desk.arrivals.change(recording.handed_over(await desk.arrival(first), "250"))
    await desk.arrivals.change(recording.set_aside(await desk.arrival(second), "a test"))
    desk.clock.at += 2 * A_DAY
    await bring(desk, "5", MESSAGE + b"5")
    later, earlier = inbox.days("results", collected=True, since=0.0)
    assert (earlier.came, earlier.receipted, earlier.waiting, earlier.quarantined) == (4, 1, 1, 1)
    assert (earlier.problems, earlier.unaccounted) == (1, 0)
    assert (later.came, later.waiting, later.unaccounted) == (1, 1, 0)
    assert (earlier.day, later.day) == ("2027-01-15", "2027-01-17")
    assert [each.came for each in inbox.days("results", collected=False, since=0.0)] == [1, 3]
    (problem,) = inbox.problems("results")
    assert (problem.key, problem.problem) == ("4", "It is too large.")
    assert inbox.known_keys("results") == {"1", "2", "3", "4", "5"}
    assert inbox.mailboxes()["results"].left_upstream == 5


async def test_a_lost_arrival_would_be_seen(desk: Office) -> None:
    name = await bring(desk, "1")
    with desk.database.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM arrival WHERE id = '{name}'")
    (day,) = Inbox(desk.database).days("results", collected=True, since=0.0)
    assert day.unaccounted == 1


class Keys:
    def __init__(self) -> None:
        self.left = [key_group(START, 30)]

    def groups(self) -> list[str]:
        return list(self.left)

    def destroy(self, group: str) -> None:
        self.left.remove(group)


async def test_content_ends_with_its_term_but_not_while_somebody_needs_it(desk: Office) -> None:
    shelves = StoreShelves(desk.database, desk.arrivals._writer, desk.arrivals._contents)
    needed, done = await bring(desk, "1"), await bring(desk, "2", MESSAGE + b"2")
    held = await bring(desk, "3", MESSAGE + b"3", sender="a@case.example")
    for name in (done, held):
        await desk.arrivals.change(recording.handed_over(await desk.arrival(name), "250"))
    StoreLegalHolds(desk.database).place(LegalHold(0, "case 7", "dpo", START, recipient="@case.example"))
    group, keys = key_group(START, 30), Keys()
    removed = await shelves.remove_due(group, START + 40 * A_DAY, 100, "wardmail")
    assert removed.messages == 1
    assert not await shelves.destroy_if_empty(group, keys, "wardmail")
    assert (await desk.arrivals.raw(needed)).octets() == MESSAGE
    assert (await desk.arrivals.raw(held)).octets() == MESSAGE + b"3"
    assert await desk.arrivals.judgement(done) is None
    assert await shelves.move(group, "2027-03-01.7", 10) == 2
    assert await shelves.destroy_if_empty(group, keys, "wardmail")


async def test_sources_and_handovers_are_records_that_everybody_follows(database: Database) -> None:
    sources, register = StoreSources(database), StoreRegister(database)
    before = register.version()
    assert sources.save_source(LETTERS, "ann", "new") == ""
    assert sources.save_source(MAILBOX, "ann", "new", lambda others: "taken" if "letters" in others else "") == "taken"
    handover = Handover(
        "app", HandoverKind.WEBHOOK, url="https://app.example/", signing_refs=("keystore:a", "keystore:b")
    )
    sources.save_handover(handover, "ann", "new")
    snapshot = register.snapshot()
    assert snapshot.version > before
    assert (snapshot.sources, snapshot.handovers) == ({"letters": LETTERS}, {"app": handover})
    assert sources.remove_source("letters", "bob", "over")
    assert not sources.remove_source("letters", "bob", "over")
    assert sources.remove_handover("app", "bob", "over")
    assert register.snapshot().sources == {}
    told = [(each.kind, each.actor, each.detail["reason"]) for each in register.history("source letters")]
    assert told == [("SourceSaved", "ann", "new"), ("SourceRemoved", "bob", "over")]
