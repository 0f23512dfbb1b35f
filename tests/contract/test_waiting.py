"""`ports.WaitingMail` on both databases: people hear of what came in and waits for them, at once, then gathered, then daily."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.worlds import APP, START, Stage, staged
from wardmail.model.arrival import ArrivalState
from wardmail.model.mailbox import MailboxAccount, MailboxKind
from wardmail.model.person import Person, Role
from wardmail.model.registration import Contact
from wardmail.model.source import Source, SourceKind
from wardmail.outbound.waiting_watch import GATHERED, REMINDED, WaitingWatch
from wardmail.store.connection import Database
from wardmail.store.messages import Messages, Search
from wardmail.store.queue import StoreQueue
from wardmail.store.schema import event
from wardmail.store.schema_of_holds import webhook_message
from wardmail.store.schema_of_inbound import arrival, seen
from wardmail.store.sources import StoreSources
from wardmail.store.waiting import StoreWaiting

PEOPLE = {
    "gov": Person("gov", "Gov", "gov@trust.example", (Role.GOVERNANCE,)),
    "ops": Person("ops", "Ops", "ops@trust.example", (Role.MAIL_OPERATOR,)),
    "own": Person("own", "Own", "own@trust.example", (Role.OWNER,)),
    "left": Person("left", "Left", "left@trust.example", (Role.GOVERNANCE,), left_at=1.0),
}
RESULTS = Source(
    "results", "app", SourceKind.IMAP, mailbox=MailboxAccount(MailboxKind.IMAP, "h", 993, "svc@t.example", "keystore:p")
)


class Told:
    def __init__(self, stage: Stage) -> None:
        assert isinstance(stage.world.queue, StoreQueue)
        self.stage = stage
        self.people = dict(PEOPLE)
        self.waiting = StoreWaiting(stage.database, stage.world.queue.writer, stage.world.queue)
        self.watch = WaitingWatch(stage.world, self.waiting, lambda: self.people)
        self.messages = Messages(stage.database)
        record = replace(APP.registration, deputy=Contact("Dep", "Dep@team.example"))
        stage.save(replace(APP, registration=record))
        StoreSources(stage.database).save_source(RESULTS, "test", "")
        stage.world.register.refresh()

    def put(self, name: str, state: ArrivalState, integration: str = "app") -> None:
        now = self.stage.clock.now()
        texts = dict.fromkeys(("via", "peer", "helo", "tls_version", "tls_cipher", "exception", "action"), "")
        row = {"id": name, "source": "letters", "integration_id": integration, "state": state.value, "why": ""}
        row |= {"sender": "secret@patient.example", "recipients": '["letters@trust.example"]', "findings": "[]"}
        numbers = {"flags": 0, "size": 9, "attempts": 0, "received_at": now, "updated_at": now}
        with self.stage.database.write() as connection:
            connection.execute(arrival.insert().values(**texts, **row, **numbers, proposed_by=""))

    def move(self, name: str, state: ArrivalState) -> None:
        with self.stage.database.write() as connection:
            of = update(arrival).where(arrival.c.id == name)
            connection.execute(of.values(state=state.value, updated_at=self.stage.clock.now()))

    def problem(self, key: str) -> None:
        row = {"source": "results", "key": key, "digest": "", "arrival_id": None, "problem": "It is too large."}
        with self.stage.database.write() as connection:
            connection.execute(seen.insert().values(**row, first_seen_at=self.stage.clock.now(), settled_at=None))

    async def after(self, seconds: float) -> list[str]:
        """Whom the notices of this sweep went to."""
        before = len(self._lines())
        self.stage.clock.at += seconds
        self.stage.world.register.refresh()
        await self.watch.sweep()
        lines = self._lines()
        return sorted(line.recipient for line in lines[: len(lines) - before])

    async def words(self) -> str:
        newest = max(line.message_id for line in self._lines())
        head, body = await self.stage.world.queue.read_content(newest, 0)
        return (head + b"".join(body.chunks())).decode()

    def posted(self) -> list[dict[str, object]]:
        with self.stage.database.read() as connection:
            rows = connection.execute(select(webhook_message.c.payload).order_by(webhook_message.c.created_at))
            return [json.loads(each)["data"] for each in rows.scalars()]

    def events(self) -> int:
        with self.stage.database.read() as connection:
            return len(connection.execute(select(event.c.seq).where(event.c.kind == "InboundAlerted")).all())

    def _lines(self) -> list[Any]:
        return [line for line in self.messages.search(Search(limit=1000)) if line.sender == "<>"]


@pytest.fixture
def told(tmp_path: Path, database: Database) -> Iterator[Told]:
    with staged(tmp_path, database) as stage:
        yield Told(stage)


async def test_the_first_is_told_at_once_and_the_next_are_gathered(told: Told) -> None:
    told.put("A1", ArrivalState.QUARANTINED)
    assert await told.after(0) == ["Dep@team.example", "gov@trust.example"]
    said = await told.words()
    assert "1 message for app" in said
    assert "A1 (quarantined)" in said
    assert "letters@" not in said
    assert "secret@patient" not in said
    told.put("A2", ArrivalState.QUARANTINED)
    told.put("A3", ArrivalState.QUARANTINED)
    assert await told.after(10) == []
    assert await told.after(GATHERED - 20) == []
    assert await told.after(20) == ["Dep@team.example", "gov@trust.example"]
    assert "2 of it are new" in (await told.words()).replace("=\r\n", "")
    assert [each["new"] for each in told.posted()] == [1, 2]
    assert told.posted()[1]["waiting"] == {"quarantined": 3}
    assert told.events() == 2


async def test_it_is_said_again_each_day_until_somebody_has_decided(told: Told) -> None:
    told.put("A1", ArrivalState.QUARANTINED)
    await told.after(0)
    assert await told.after(REMINDED - 1) == []
    assert await told.after(1) != []
    assert "Still waiting" in await told.words()
    told.move("A1", ArrivalState.DELETED)
    assert await told.after(REMINDED) == []
    told.put("A2", ArrivalState.QUARANTINED)
    assert await told.after(0) != []


async def test_each_kind_goes_to_whom_it_concerns(told: Told) -> None:
    told.put("A1", ArrivalState.DEAD_LETTER)
    assert await told.after(0) == ["Dep@team.example", "ops@trust.example"]
    told.problem("uid-7")
    assert await told.after(GATHERED) == ["Dep@team.example", "ops@trust.example"]
    said = await told.words()
    assert "could not be collected" in said
    assert "Sources: results" in said
    told.people = {"own": PEOPLE["own"]}
    assert await told.after(REMINDED) == ["Dep@team.example", "own@trust.example"]


async def test_a_rejection_is_told_once(told: Told) -> None:
    told.put("A1", ArrivalState.REJECTED)
    assert await told.after(0) != []
    assert await told.after(REMINDED) == []
    told.put("A2", ArrivalState.QUARANTINED)
    await told.after(0)
    assert "A1" not in await told.words()


async def test_what_failed_again_is_news_again(told: Told) -> None:
    told.put("A1", ArrivalState.QUARANTINED)
    await told.after(0)
    told.stage.clock.at += 10
    told.move("A1", ArrivalState.DEAD_LETTER)
    assert await told.after(GATHERED) != []
    told.move("A1", ArrivalState.HANDING_OVER)
    told.stage.clock.at += 10
    told.move("A1", ArrivalState.DEAD_LETTER)
    assert await told.after(GATHERED) != []
    assert told.posted()[-1]["new"] == 1


async def test_two_processes_tell_once(told: Told) -> None:
    told.put("A1", ArrivalState.QUARANTINED)
    found = await told.waiting.look(START, 100)
    await told.after(0)
    items = [each for each in found.items if each.integration == "app"]
    await told.watch._tell("app", items, None, told.people)
    assert told.events() == 1
    assert len(told.posted()) == 1


async def test_nobody_to_tell_is_still_noted_and_posted(told: Told) -> None:
    told.people.clear()
    told.put("A1", ArrivalState.QUARANTINED, integration="gone")
    assert await told.after(0) == []
    assert len(told.posted()) == 1
    assert await told.after(10) == []
    assert len(told.posted()) == 1


async def test_each_integration_has_its_own_hour(told: Told) -> None:
    told.put("A1", ArrivalState.QUARANTINED)
    await told.after(0)
    told.put("B1", ArrivalState.QUARANTINED, integration="other")
    assert await told.after(1) == ["gov@trust.example"]


async def test_a_flood_is_one_notice_with_a_list_that_ends(told: Told) -> None:
    for n in range(60):
        told.put(f"A{n:03d}", ArrivalState.QUARANTINED)
    await told.after(0)
    said = await told.words()
    assert "60 messages for app" in said
    assert "and 40 more" in said
    assert len(told.posted()) == 1
