"""Mail that came in is found by words of its subject and its sender's Message-ID, and nothing readable is kept for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.contract.test_inbox import START
from tests.inbound_desk import MAILBOX, Office, office
from tests.messages import NoSpool, ReversingSealer
from wardmail.app.stored_records import StoredArrivalRecords
from wardmail.edges.blinding import MonthlyBlinder
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.inbound import recording
from wardmail.inbound.arrival import collected
from wardmail.model.arrival import ArrivalState
from wardmail.model.clue import month_of
from wardmail.model.reading import FoundBy, Wanted
from wardmail.model.retention import A_DAY, key_group
from wardmail.store.arrivals import StoreArrivals
from wardmail.store.connection import Database
from wardmail.store.contents import Contents
from wardmail.store.inbox import Inbox
from wardmail.store.schema_of_search import arrival_clue
from wardmail.store.shelves import StoreShelves


@dataclass
class Desk:
    office: Office
    arrivals: StoreArrivals
    blinder: MonthlyBlinder

    async def bring(self, head: bytes) -> str:
        arrived = collected(self.office.world, MAILBOX, head + b"\r\n\r\nBody of a letter\r\n")
        await self.arrivals.put([arrived])
        return arrived.arrival.id

    def find(self, typed: str, found_by: FoundBy = FoundBy.SUBJECT, **narrowed: object) -> list[str]:
        records = StoredArrivalRecords(Inbox(self.office.database), self.blinder)
        page = records.search(Wanted("app", typed, found_by=found_by, **narrowed))  # type: ignore[arg-type]
        return [str(each["id"]) for each in page.records]

    def stored(self) -> int:
        with self.office.database.read() as connection:
            return len(connection.execute(select(arrival_clue)).all())


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    keystore = Keystore.create(tmp_path / "keystore.json", MasterKey(new_master_key().strip()))
    with office(database) as opened:
        blinder, contents = MonthlyBlinder(keystore), Contents(database, ReversingSealer(), NoSpool())
        writer = opened.arrivals._writer
        yield Desk(opened, StoreArrivals(database, writer, contents, "w", blinder=blinder), blinder)


async def test_all_of_the_typed_words_must_be_there(desk: Desk) -> None:
    letter = await desk.bring("Subject: Überweisung for Zoë O'Brien\r\nMessage-ID: <Ab.1@clinic.example>".encode())
    other = await desk.bring(b"subject : =?utf-8?q?=C3=9Cberweisung?= again\r\nMessage-ID: x@y.example")
    assert desk.find("uberweisung") == [other, letter]
    assert desk.find("ZOE uberweisung") == desk.find('"o\'brien"') == [letter]
    assert desk.find("uberweisung", limit=1) == [other]
    assert desk.find("uberweisung", after=other) == [letter]
    assert desk.find("uberweisung", status="quarantined") == []
    for typed in ("uberweisung nothing", "uberweisun", "body", "!!", "clinic"):
        assert desk.find(typed) == [], typed


async def test_the_senders_own_id_is_found_exactly_and_by_who_may_not_read_too(desk: Desk) -> None:
    name = await desk.bring(b"Subject: Letter\r\nMessage-ID: <Ab.1@clinic.example>")
    for typed in ("<Ab.1@clinic.example>", "Ab.1@clinic.example"):
        assert desk.find(typed, FoundBy.NAME) == [name]
    assert desk.find("ab.1@clinic.example", FoundBy.NAME) == desk.find("letter", FoundBy.NAME) == []
    assert desk.find("<Ab.1@clinic.example>", FoundBy.ADDRESS_OR_ID) == []


async def test_a_senders_reference_is_none_of_ours(desk: Desk) -> None:
    await desk.bring(b"Subject: Letter\r\nWardmail-Reference: EPR 7")
    assert desk.find("EPR 7") == []


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: " + b"w " * 200_000,
        b"Subject: " + b" ".join(b"w%d" % n for n in range(150)),
        b"Subject: =?x?b?!!?= \xff\xc3(",
        b"Subject: a\rb\nc",
        b"X: y\r\n" * 60_000,
        b"Message-ID: <" + b"x" * 5000 + b">",
    ],
)
async def test_whatever_a_sender_writes_it_is_stored(desk: Desk, head: bytes) -> None:
    name = await desk.bring(head)
    assert desk.find(name) == [name]
    assert desk.stored() <= 25


async def test_of_two_subjects_both_are_found_within_the_words_of_one(desk: Desk) -> None:
    name = await desk.bring(b"Subject: first\r\nSubject: second\r\n" + b"Subject: more\r\n" * 50)
    assert desk.find("first") == desk.find("second") == [name]


async def test_clues_end_with_the_content_and_their_key_with_them(desk: Desk) -> None:
    office = desk.office
    shelves = StoreShelves(office.database, office.arrivals._writer, office.arrivals._contents)
    needed, done = await desk.bring(b"Subject: Letter one"), await desk.bring(b"Subject: Letter two")
    await office.arrivals.change(recording.handed_over(await office.arrival(done), "250"))
    assert desk.find("letter") == [done, needed]
    month = month_of(START)
    await shelves.remove_due(key_group(START, 30), START + 40 * A_DAY, 100, "wardmail")
    assert desk.find("letter") == [needed]
    assert not await shelves.destroy_search_key_if_unused(month, desk.blinder, "wardmail")
    await office.arrivals.change(recording.handed_over(await office.arrival(needed), "250"))
    await shelves.remove_due(key_group(START, 30), START + 40 * A_DAY, 100, "wardmail")
    assert desk.stored() == 0
    assert await shelves.destroy_search_key_if_unused(month, desk.blinder, "wardmail")
    assert (await office.arrival(needed)).state is ArrivalState.HANDED_OVER
