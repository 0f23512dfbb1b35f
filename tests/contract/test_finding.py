"""A message is found by words of its subject and by its application's names for it, and nothing readable is kept for that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.contract.test_reading import plans_of
from tests.messages import NoSpool, ReversingSealer, accepted
from wardmail.app.message_finding import clues_of
from wardmail.app.stored_records import StoredMessageRecords
from wardmail.edges.blinding import MonthlyBlinder
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.model.clue import clues_in, month_of
from wardmail.model.message_id import make_id
from wardmail.model.reading import FoundBy, Wanted
from wardmail.protocol.headers import HeaderBlock
from wardmail.protocol.search_terms import terms_of
from wardmail.store.connection import Database
from wardmail.store.messages import Messages, Search
from wardmail.store.queue import StoreQueue
from wardmail.store.schema_of_search import clue
from wardmail.store.writer import Writer

NOVEMBER, DECEMBER = 1_794_000_000.0, 1_797_000_000.0


@dataclass
class Shelf:
    database: Database
    queue: StoreQueue
    blinder: MonthlyBlinder
    count: int = 0

    async def keep(
        self, subject: str = "", *, own_id: str = "", reference: str = "", at: float = NOVEMBER, of: str = "demo"
    ) -> str:
        self.count += 1
        head = f"Subject: {subject}\r\n"
        head += f"Message-ID: {own_id}\r\n" if own_id else ""
        head += f"Wardmail-Reference: {reference}\r\n" if reference else ""
        block = HeaderBlock.split(head.encode())
        assert isinstance(block, HeaderBlock)
        name = make_id(at, self.count)
        made = accepted(name, received_at=at)
        origin = replace(made.origin, integration_id=of)
        await self.queue.put(replace(made, terms=terms_of(block, None), origin=origin))
        return name

    def find(self, typed: str, found_by: FoundBy = FoundBy.SUBJECT, **wanted: object) -> list[str]:
        records = StoredMessageRecords(Messages(self.database), self.blinder)
        page = records.search(replace(Wanted("", typed, found_by=found_by), **wanted))  # type: ignore[arg-type]
        return [str(each["id"]) for each in page.records]

    def stored(self) -> Sequence[tuple[int, str]]:
        with self.database.read() as connection:
            return [(row.clue, row.message_id) for row in connection.execute(select(clue))]


@pytest.fixture
def shelf(database: Database, tmp_path: Path) -> Iterator[Shelf]:
    keystore = Keystore.create(tmp_path / "keystore.json", MasterKey(new_master_key().strip()))
    writer, blinder = Writer(database), MonthlyBlinder(keystore)
    yield Shelf(database, StoreQueue(database, writer, ReversingSealer(), NoSpool(), "w", blinder=blinder), blinder)
    writer.close()


async def test_all_of_the_typed_words_must_be_there(shelf: Shelf) -> None:
    letter = await shelf.keep("Discharge letter for Zoë O'Brien")
    other = await shelf.keep("Discharge summary")
    assert shelf.find("discharge") == [other, letter]
    assert shelf.find("LETTER zoe discharge") == shelf.find('"Discharge letter"') == shelf.find("o'brien") == [letter]
    for typed in ("discharge nothing", "discharg", "letters", "!!"):
        assert shelf.find(typed) == [], typed


async def test_who_may_not_read_subjects_finds_nothing_by_them(shelf: Shelf) -> None:
    name = await shelf.keep("Discharge letter", own_id="<letter@app.example>", reference="discharge")
    assert shelf.find("letter", FoundBy.NAME) == shelf.find('"discharge"', FoundBy.NAME) == []
    assert shelf.find("discharge", FoundBy.NAME) == [name], "it is the reference"
    assert shelf.find("discharge", FoundBy.ADDRESS_OR_ID) == []


@pytest.mark.parametrize("typed", ["<Ab.1@app.example>", "Ab.1@app.example", " <Ab.1@app.example> "])
async def test_an_own_message_id_is_found_exactly(shelf: Shelf, typed: str) -> None:
    name = await shelf.keep("x", own_id="<Ab.1@app.example>")
    await shelf.keep("Ab.1@app.example and <Ab.1@app.example>")  # a subject is no name
    assert shelf.find(typed, FoundBy.NAME) == shelf.find(typed) == [name]
    for other in ("ab.1@app.example", "Ab.1", "app.example", "b.1@app.example"):
        assert shelf.find(other, FoundBy.NAME) == [], other


async def test_a_message_id_is_no_address_nor_an_address_a_message_id(shelf: Shelf) -> None:
    own = await shelf.keep(own_id="<somebody@else.example>")
    assert shelf.find("somebody@else.example") == [own]
    assert shelf.find("a@nhs.net") == [own], "that is who it goes to"
    again = await shelf.keep(own_id="<a@nhs.net>")
    assert shelf.find("a@nhs.net") == [again, own], "each once, though one is found in both ways"


async def test_a_reference_is_found_as_people_type_it(shelf: Shelf) -> None:
    name = await shelf.keep(reference="EPR-2026/0042  Ward 7")
    for typed in ("epr-2026/0042 ward 7", "EPR-2026/0042 Ward 7"):
        assert shelf.find(typed, FoundBy.NAME) == [name]
    assert shelf.find("EPR-2026/0042", FoundBy.NAME) == []


async def test_whoever_asks_by_our_id_is_shown_that_message_alone(shelf: Shelf) -> None:
    """An application may call its own message by another's ID."""
    victim = await shelf.keep("x")
    await shelf.keep(reference=victim, own_id=f"<{victim}@gw.test>")
    assert shelf.find(victim, FoundBy.ADDRESS_OR_ID) == [victim]


async def test_it_is_found_in_whatever_month_it_came_and_the_newest_stands_first(shelf: Shelf) -> None:
    old, new = await shelf.keep("letter", at=NOVEMBER), await shelf.keep("letter", at=DECEMBER)
    assert shelf.blinder.months() == [month_of(NOVEMBER), month_of(DECEMBER)]
    assert shelf.find("letter") == [new, old]
    assert shelf.find("letter", since=DECEMBER - 10) == [new]


async def test_pages_of_what_is_found_leave_nothing_out(shelf: Shelf) -> None:
    every = [await shelf.keep("clinic letter", at=NOVEMBER + n * 86_400 * 9) for n in range(7)]
    records, found, after = StoredMessageRecords(Messages(shelf.database), shelf.blinder), [], ""
    for _ in range(4):
        page = records.search(Wanted("", "letter clinic", after=after, limit=2, found_by=FoundBy.SUBJECT))
        found += [str(each["id"]) for each in page.records]
        after = page.following
    assert found == every[::-1]
    assert not after


async def test_what_narrows_a_list_narrows_this_one_too(shelf: Shelf) -> None:
    mine, _ = await shelf.keep("letter", of="mine"), await shelf.keep("letter", of="yours")
    records = StoredMessageRecords(Messages(shelf.database), shelf.blinder)
    narrowings: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({"integration": "mine"}, [mine]),
        ({"status": "held"}, []),
        ({"domain": "x.example"}, []),
    )
    for narrow, expected in narrowings:
        page = records.search(replace(Wanted("", "letter", found_by=FoundBy.SUBJECT), **narrow))
        assert [each["id"] for each in page.records] == expected, narrow
    assert len(shelf.find("letter", status="accepted")) == 2


async def test_nothing_that_is_kept_can_be_guessed_without_the_key(shelf: Shelf, tmp_path: Path) -> None:
    await asyncio.gather(*(shelf.keep("Smith letter", reference=f"R{n}") for n in range(5)))
    found = [each for each, _ in shelf.stored()]
    assert len(found) == 15
    assert len(set(found)) == 7
    assert all(each in clues_in(month_of(NOVEMBER)) for each in found)
    stranger = MonthlyBlinder(Keystore.create(tmp_path / "other.json", MasterKey(new_master_key().strip())))
    assert not set(stranger.blinded(["word smith", "word letter"], NOVEMBER)) & set(found)


async def test_what_cannot_be_decoded_is_looked_for_like_anything_else(shelf: Shelf) -> None:
    await shelf.keep("letter")
    for typed in ("\ud800", "ﷺ" * 320, "\U0010ffff", "a" * 320, '"', '""', "<>", "<", "%", "' OR 1=1"):
        assert shelf.find(typed) == [], typed


async def test_it_is_found_by_indexes_in_the_order_in_which_it_is_shown(shelf: Shelf) -> None:
    await shelf.keep("discharge letter")
    clues = clues_of(shelf.blinder, '"discharge letter"', FoundBy.SUBJECT)
    for wanted in (
        Search("x", clues=clues),
        Search("x", clues=clues, integration="demo", states=("delivered", "relayed"), since=NOVEMBER),
        Search("x", clues=clues, states=("held",), most_pressing=True),
    ):
        *_, plan = plans_of(shelf.database, wanted)
        assert "SCAN" not in plan, plan
        if shelf.database.is_sqlite:
            assert plan.index("SEARCH clue USING PRIMARY KEY") < plan.index("SEARCH recipient"), plan


@pytest.mark.parametrize("state", ["held", "accepted"])
async def test_of_a_frequent_word_what_is_held_is_found_by_what_is_held(
    shelf: Shelf, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wardmail.store.messages.MANY", 1)
    name = await shelf.keep("discharge letter")
    clues = clues_of(shelf.blinder, '"discharge letter"', FoundBy.SUBJECT)
    *_, plan = plans_of(shelf.database, Search("x", clues=clues, states=(state,)))
    assert {"held": "recipient_held", "accepted": "recipient_due"}[state] in plan, plan
    assert "SCAN clue" not in plan
    *_, plan = plans_of(shelf.database, Search("x", clues=clues, states=("delivered",)))
    assert "SCAN" not in plan, "where no state leads, the word does"
    assert shelf.find('"discharge letter"', status=state) == ([name] if state == "accepted" else [])
    assert shelf.find('"discharge nothing"', status=state) == []
