"""Content ends when its term ends and not before, on both databases; its data key with the last of its group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.messages import accepted
from wardmail.edges.blinding import MonthlyBlinder
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.edges.sealing import ContentSealer
from wardmail.edges.spool import SealedSpool
from wardmail.model.clue import month_of
from wardmail.model.delivery import RecipientState
from wardmail.model.refusal import Unavailable
from wardmail.model.retention import A_DAY, LegalHold, group_ends, key_group
from wardmail.model.stored import RecipientUpdate
from wardmail.outbound.shredding import Shredded, Shredder
from wardmail.store.chain import verify
from wardmail.store.connection import Database
from wardmail.store.legal_holds import StoreLegalHolds
from wardmail.store.messages import Messages, Search
from wardmail.store.queue import StoreQueue
from wardmail.store.schema import content, message
from wardmail.store.schema_of_search import clue
from wardmail.store.shelves import ShelfList, StoreShelves
from wardmail.store.writer import Writer

START = 1_800_000_000.0  # 15 January 2027, 08:00 UTC
DONE = RecipientState.RELAYED


class SettableClock:
    at = START

    def now(self) -> float:
        return self.at


@dataclass
class Archive:
    database: Database
    queue: StoreQueue
    sealer: ContentSealer
    blinder: MonthlyBlinder
    spool: SealedSpool
    shredder: Shredder
    clock: SettableClock
    holds: StoreLegalHolds
    terms: tuple[str, ...] = ()

    def led_to(self) -> set[str]:
        """The messages to which a clue leads."""
        with self.database.read() as connection:
            return set(connection.execute(select(clue.c.message_id)).scalars())

    async def keep(self, name: str, *, days: int = 30, state: RecipientState = DONE, to: str = "a@nhs.net") -> None:
        at = self.clock.now()
        made = accepted(name, to=(to,), state=state, due_at=None, received_at=at)
        made = replace(made, terms=self.terms)
        assert await self.queue.put(replace(made, retention_days=days)) is None

    async def after(self, days: float) -> Shredded:
        self.clock.at = START + days * A_DAY
        return await self.shredder.sweep()

    async def has_content(self, name: str) -> bool:
        try:
            _, body = await self.queue.read_content(name, 0)
        except Unavailable:
            return False
        return b"".join(body.chunks()) == b"Hello\r\n"

    def hold(self, **what: object) -> LegalHold:
        return self.holds.place(LegalHold(0, "case 7", "dpo", self.clock.now(), **what))  # type: ignore[arg-type]


@pytest.fixture
def archive(database: Database, tmp_path: Path) -> Iterator[Archive]:
    clock = SettableClock()
    database.clock = clock
    keystore = Keystore.create(tmp_path / "keystore.json", MasterKey(new_master_key().strip()))
    sealer, blinder, writer = ContentSealer(keystore), MonthlyBlinder(keystore), Writer(database)
    (tmp_path / "spool").mkdir()
    spool = SealedSpool(tmp_path / "spool")
    queue = StoreQueue(database, writer, sealer, spool, "worker-0", blinder=blinder)
    shelves = StoreShelves(database, writer, queue.contents)
    shredder = Shredder(shelves, sealer, blinder, spool, clock, pause=0)
    yield Archive(database, queue, sealer, blinder, spool, shredder, clock, StoreLegalHolds(database))
    writer.close()


def test_groups_end_when_their_last_message_does() -> None:
    group = key_group(START, 30)
    assert group == "2027-01-15.30"
    assert group_ends(group) == START - 8 * 3600 + 31 * A_DAY
    assert key_group(START - 8 * 3600 - 1, 0) == "2027-01-14.0"


async def test_content_ends_with_its_term_and_the_key_with_its_group(archive: Archive) -> None:
    await archive.keep("M1")
    assert await archive.after(29.9) == Shredded()
    assert await archive.has_content("M1")
    assert await archive.after(30.1) == Shredded(messages=1)
    assert not await archive.has_content("M1")
    assert archive.sealer.groups() == ["2027-01-15.30"], "others of that day might still be kept"
    assert await archive.after(31.8) == Shredded(keys=("2027-01-15.30",))
    assert archive.sealer.groups() == []


async def test_what_a_message_is_found_by_ends_with_its_content_and_the_key_with_its_month(archive: Archive) -> None:
    archive.terms = ("word letter", "word clinic")
    await archive.keep("M1")
    await archive.keep("WAITS", state=RecipientState.ACCEPTED)
    await archive.keep("CASE")
    hold = archive.hold(message_id="CASE")
    await archive.after(29)
    assert archive.led_to() == {"M1", "WAITS", "CASE"}
    await archive.after(32)
    assert archive.led_to() == {"WAITS", "CASE"}, "what is needed, or under a hold, is still found"
    await archive.queue.record([RecipientUpdate("WAITS", 0, RecipientState.RELAYED, 1, None)])
    assert archive.blinder.months() == [month_of(START)]
    archive.holds.lift(hold.number, "dpo", archive.clock.now(), "it is over")
    assert (await archive.after(50)).search_keys == ("2027-01",)
    assert archive.led_to() == set()
    assert archive.blinder.months() == []
    assert [each.subject for each in Messages(archive.database).audit(0, 99) if each.kind == "SearchKeyDestroyed"] == [
        "search key 2027-01"
    ]


async def test_the_key_of_this_month_stays_whatever_is_left_of_it(archive: Archive) -> None:
    archive.terms = ("word letter",)
    await archive.keep("M1", days=0)
    done = await archive.after(2)
    assert (done.messages, done.search_keys) == (1, ())
    assert archive.led_to() == set()
    assert archive.blinder.months() == [month_of(START)]
    shelves = StoreShelves(archive.database, archive.queue.writer, archive.queue.contents)
    await archive.keep("M2")
    month = month_of(archive.clock.now())
    assert not await shelves.destroy_search_key_if_unused(month, archive.blinder, "x"), "a message came meanwhile"
    assert not await shelves.destroy_search_key_if_unused(month - 1, archive.blinder, "x"), "there is none"


async def test_what_happened_stays_on_record(archive: Archive) -> None:
    await archive.keep("M1")
    await archive.after(32)
    messages = Messages(archive.database)
    assert [line.recipient for line in messages.search(Search("M1", since=0))] == ["a@nhs.net"]
    assert [each.kind for each in messages.history("M1")] == ["MessageAccepted"]
    assert [each.kind for each in messages.audit(1, 10)] == ["ContentDeleted", "DataKeyDestroyed"]
    assert messages.audit(1, 10)[0].detail["integrations"] == {"demo": 1}
    assert verify(archive.database).broken_at is None
    with archive.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(content)).scalar_one() == 0


@pytest.mark.parametrize("state", [RecipientState.ACCEPTED, RecipientState.DEFERRED, RecipientState.HELD])
async def test_what_still_waits_is_kept_and_does_not_keep_the_others_key(
    archive: Archive, state: RecipientState
) -> None:
    await archive.keep("DONE1")
    await archive.keep("WAITS", state=state)
    done = await archive.after(32)
    assert done == Shredded(messages=1, moved=1, keys=("2027-01-15.30",))
    assert await archive.has_content("WAITS")
    assert not await archive.has_content("DONE1")
    assert await archive.after(60) == Shredded(moved=1, keys=(key_group(START + 32 * A_DAY, 7),))
    assert await archive.has_content("WAITS")
    await archive.queue.record([RecipientUpdate("WAITS", 0, RecipientState.RELAYED, 1, None)])
    if state is not RecipientState.HELD:
        assert (await archive.after(60.1)).messages == 1
        assert not await archive.has_content("WAITS")


@pytest.mark.parametrize(
    "what",
    [
        {"message_id": "M1"},
        {"integration": "demo"},
        {"recipient": "A@nhs.net"},
        {"recipient": "@nhs.net"},
        {"since": START - 1, "until": START + 1},
        {"integration": "demo", "recipient": "a@nhs.net", "since": START},
    ],
)
async def test_a_legal_hold_keeps_what_fits_it_until_it_is_lifted(archive: Archive, what: dict[str, object]) -> None:
    await archive.keep("M1")
    placed = archive.hold(**what)
    assert archive.holds.kept(placed) == 1
    assert (await archive.after(400)).messages == 0
    assert await archive.has_content("M1")
    lifted = archive.holds.lift(placed.number, "judge", archive.clock.now(), "settled")
    assert lifted is not None
    assert archive.holds.lift(placed.number, "judge", archive.clock.now(), "again") is None
    assert (await archive.after(400.1)).messages == 1
    assert not await archive.has_content("M1")
    kinds = [each.kind for each in Messages(archive.database).audit(1, 10)]
    assert [kind for kind in kinds if kind.startswith("Legal")] == ["LegalHoldPlaced", "LegalHoldLifted"]


@pytest.mark.parametrize(
    "what",
    [
        {"message_id": "M2"},
        {"integration": "other"},
        {"recipient": "b@nhs.net"},
        {"recipient": "@s.net"},
        {"until": START},
        {"since": START + 1},
        {"integration": "demo", "recipient": "b@nhs.net"},
    ],
)
async def test_a_legal_hold_keeps_nothing_else(archive: Archive, what: dict[str, object]) -> None:
    await archive.keep("M1")
    assert archive.holds.kept(archive.hold(**what)) == 0
    assert (await archive.after(31)).messages == 1


async def test_terms_are_kept_apart_and_can_be_changed(archive: Archive) -> None:
    await archive.keep("SHORT", days=0)
    await archive.keep("LONG1", days=365)
    await archive.keep("LONG2", days=365)
    assert (await archive.after(0.01)).messages == 1
    assert sorted(archive.sealer.groups()) == ["2027-01-15.0", "2027-01-15.365"]
    assert (await archive.after(1)).keys == ("2027-01-15.0",)
    assert await archive.has_content("LONG1")
    shelves = ShelfList(archive.database)
    assert shelves.change_term("2027-01-15.365", "other", 7) == 0
    assert shelves.change_term("2027-01-15.365", "demo", 7) == 2
    assert (await archive.after(7.1)).messages == 2, "a shorter term counts for what is stored already"


async def test_a_longer_term_outlives_its_group(archive: Archive) -> None:
    await archive.keep("M1", days=7)
    ShelfList(archive.database).change_term("2027-01-15.7", "demo", 20)
    assert await archive.after(9) == Shredded(moved=1, keys=("2027-01-15.7",))
    assert await archive.has_content("M1")
    assert (await archive.after(20.1)).messages == 1


async def test_a_large_body_ends_as_well_and_moves_without_being_copied(archive: Archive, tmp_path: Path) -> None:
    sink = archive.spool.open_sink("BIG")
    sink.write(b"large body " * 100_000)
    body = sink.finish()
    made = accepted("BIG", state=RecipientState.HELD, due_at=None, received_at=START)
    await archive.queue.put(replace(made, body=body))
    file = tmp_path / "spool" / "BIG.sealed"
    before = file.read_bytes()
    assert await archive.after(32) == Shredded(moved=1, keys=("2027-01-15.30",))
    assert file.read_bytes() == before
    _, again = await archive.queue.read_content("BIG", 0)
    assert b"".join(again.chunks()) == b"large body " * 100_000
    Messages(archive.database).change_state(["BIG"], to=RecipientState.CANCELLED, actor="x", reason="x", only=[0])
    assert (await archive.after(33)).messages == 1
    assert not file.exists()


async def test_content_that_cannot_be_opened_stops_nobody_elses_end(archive: Archive) -> None:
    await archive.keep("BROKEN", state=RecipientState.HELD)
    await archive.keep("WAITS", state=RecipientState.HELD)
    await archive.keep("DONE1")
    with archive.database.write() as connection:
        connection.execute(content.update().where(content.c.message_id == "BROKEN").values(head=b"\x01spoilt"))
    assert await archive.after(32) == Shredded(messages=1, moved=1)
    assert archive.sealer.groups() == ["2027-01-15.30", key_group(START + 32 * A_DAY, 7)]
    assert await archive.has_content("WAITS")


async def test_many_messages_end_in_small_steps(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardmail.outbound.shredding.BATCH", 3)
    monkeypatch.setattr("wardmail.outbound.shredding.MOVED", 2)
    for number in range(7):
        await archive.keep(f"DONE{number}")
        await archive.keep(f"HELD{number}", state=RecipientState.HELD)
    assert await archive.after(32) == Shredded(messages=7, moved=7, keys=("2027-01-15.30",))
    batches = [each for each in Messages(archive.database).audit(0, 99) if each.kind == "ContentDeleted"]
    assert [each.detail["messages"] for each in batches] == [3, 3, 1]
    (count,) = ShelfList(archive.database).count_now(archive.sealer.groups(), archive.clock.now())
    assert (count.messages, count.due) == (7, 7)


async def test_a_message_that_comes_meanwhile_keeps_its_key(archive: Archive) -> None:
    await archive.keep("M1")
    shelves = StoreShelves(archive.database, archive.queue.writer, archive.queue.contents)
    assert not await shelves.destroy_if_empty("2027-01-15.30", archive.sealer, "x")
    assert not await shelves.destroy_if_empty("2020-01-01.30", archive.sealer, "x"), (
        "what is gone is not destroyed again"
    )
    with archive.database.read() as connection:
        assert connection.execute(select(message.c.data_key)).scalar_one() == "2027-01-15.30"
    assert await archive.has_content("M1")
