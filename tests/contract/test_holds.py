"""The tasks of held copies: `ports.Holds` on both databases, and the keeper's walk over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.worlds import Stage, staged, submission
from wardmail.app.stored_records import StoredHeldRecords
from wardmail.model.delivery import RecipientState
from wardmail.model.hold import Ending, HoldTerms
from wardmail.model.person import Person, Role
from wardmail.model.reading import NoSuchPage, Wanted
from wardmail.model.receipt import Accepted
from wardmail.outbound.holding import DIGEST, HoldKeeper
from wardmail.outbound.release import Proposed, release
from wardmail.outbound.walk import accept
from wardmail.outbound.world import World
from wardmail.store.connection import Database
from wardmail.store.hold_tasks import HoldTasks
from wardmail.store.holds import StoreHolds
from wardmail.store.messages import Messages, Search
from wardmail.store.outbox import StoreOutbox
from wardmail.store.queue import StoreQueue

SENSITIVE = b"From: app@trust.example\r\nWardmail-Classification: official-sensitive\r\nSubject: Secret words\r\n"
URGENT = SENSITIVE + b"Wardmail-Urgency: time-critical\r\n"
PEOPLE = {
    "gov": Person("gov", "Gov", "gov@trust.example", (Role.GOVERNANCE,)),
    "doc": Person("doc", "Doc", "doc@trust.example", (Role.CLINICIAN,)),
    "own": Person("own", "Own", "own@trust.example", (Role.OWNER,)),
}


@pytest.fixture
def stage(tmp_path: Path, database: Database) -> Iterator[Stage]:
    with staged(tmp_path, database) as made:
        yield made


class Kept:
    """A keeper over the stage's store, with people who can be told."""

    def __init__(self, stage: Stage, **terms: object) -> None:
        settings = replace(stage.world.settings, holds=replace(HoldTerms(), **terms))  # type: ignore[arg-type]
        self.world: World = replace(stage.world, settings=settings)
        assert isinstance(stage.world.queue, StoreQueue)
        self.holds = StoreHolds(stage.database, stage.world.queue.writer, stage.world.queue)
        self.people = dict(PEOPLE)
        self.keeper = HoldKeeper(self.world, self.holds, lambda: self.people)
        self.tasks = HoldTasks(stage.database)
        self.stage = stage
        self.messages = Messages(stage.database)

    async def held(self, head: bytes = SENSITIVE, to: str = "a@unknown.example") -> str:
        receipt = await accept(self.world, submission(self.stage, to, head=head))
        assert isinstance(receipt, Accepted), receipt
        return receipt.message_id

    async def pass_time(self, seconds: float) -> None:
        self.stage.clock.at += seconds
        self.world.register.refresh()
        await self.keeper.sweep()

    def notices(self) -> list[str]:
        """Whom our own notices went to, one a copy."""
        return [line.recipient for line in self.messages.search(Search(limit=1000)) if line.sender == "<>"]

    async def words(self) -> str:
        ids = {line.message_id for line in self.messages.search(Search(limit=1000)) if line.sender == "<>"}
        parts = [await self.world.queue.read_content(each, 0) for each in sorted(ids)]
        return b"\n".join(head + b"".join(body.chunks()) for head, body in parts).decode()


async def test_a_held_copy_becomes_a_task_and_is_announced_with_others(stage: Stage) -> None:
    kept = Kept(stage)
    first, second = await kept.held(), await kept.held()
    await kept.keeper.sweep()
    (task,) = kept.tasks.of_message(first)
    assert (task.owner, task.level, task.ending) == ("role:governance", 0, Ending.RETURN)
    assert kept.notices() == []
    await kept.pass_time(DIGEST)
    assert kept.notices() == ["gov@trust.example"]
    said = await kept.words()
    assert "2 held messages" in said
    assert first in said
    assert second in said
    assert "Secret words" not in said
    assert "a@unknown.example" not in said


async def test_a_list_that_is_cut_has_the_most_pressing(stage: Stage) -> None:
    kept = Kept(stage)
    oldest, _, urgent, _ = [await kept.held(head) for head in (SENSITIVE, SENSITIVE, URGENT, SENSITIVE)]
    records = StoredHeldRecords(kept.messages, kept.tasks)
    assert [each["id"] for each in records.waiting(2)] == [urgent, oldest]


async def test_pages_of_held_copies_miss_none_and_repeat_none(stage: Stage) -> None:
    kept = Kept(stage)
    sent = [await kept.held(head) for head in (SENSITIVE, URGENT, SENSITIVE, URGENT, SENSITIVE)]
    records, seen, after = StoredHeldRecords(kept.messages, kept.tasks), [], ""
    while True:
        page = records.matching(Wanted("", after=after, limit=2, domain="unknown.example"))
        seen += [each["id"] for each in page.records]
        after = page.following
        if not after:
            break
    assert seen == [sent[1], sent[3], sent[0], sent[2], sent[4]]
    assert records.matching(Wanted("another")).records == []
    with pytest.raises(NoSuchPage):
        records.matching(Wanted("", after="7-" + sent[0] + "-0"))


async def test_what_is_time_critical_alerts_at_once_and_again_to_more_people(stage: Stage) -> None:
    kept = Kept(stage)
    message_id = await kept.held(URGENT)
    await kept.keeper.sweep()
    assert kept.notices() == ["doc@trust.example"]
    assert "TIME-CRITICAL" in await kept.words()
    await kept.keeper.sweep()
    assert len(kept.notices()) == 1
    await kept.pass_time(901)
    assert sorted(set(kept.notices())) == ["app@trust.example", "doc@trust.example", "gov@trust.example"]
    assert "held for a person" in await kept.words()
    await kept.pass_time(901)
    assert "own@trust.example" in kept.notices()
    await kept.pass_time(30 * 86_400)
    assert kept.messages.search(Search(message_id))[0].state == RecipientState.HELD
    (task,) = kept.tasks.of_message(message_id)
    assert (task.ending, task.level) == (Ending.KEEP, 4)
    assert kept.notices().count("app@trust.example") == 1


async def test_when_the_first_circle_is_empty_the_next_is_told_at_once(stage: Stage) -> None:
    kept = Kept(stage)
    del kept.people["doc"]
    await kept.held(URGENT)
    await kept.keeper.sweep()
    assert kept.notices() == ["gov@trust.example"]


async def test_nobody_to_tell_does_not_stop_the_clock(stage: Stage) -> None:
    kept = Kept(stage)
    kept.people.clear()
    message_id = await kept.held(URGENT)
    await kept.keeper.sweep()
    assert kept.notices() == []
    assert kept.tasks.of_message(message_id)[0].level == 1
    kept.people |= PEOPLE
    await kept.pass_time(901)
    assert "doc@trust.example" in kept.notices()


async def test_a_hold_that_nobody_decides_goes_back_to_its_sender(stage: Stage) -> None:
    kept = Kept(stage, decide_within=3600.0)
    message_id = await kept.held()
    await kept.keeper.sweep()
    await kept.pass_time(3601)
    (line,) = kept.messages.search(Search(message_id))
    assert line.state == RecipientState.CANCELLED
    assert "app@trust.example" in kept.notices()
    said = await kept.words()
    assert "nobody did in time" in said
    assert kept.tasks.of_message(message_id) == []
    assert [event.kind for event in kept.messages.history(message_id)].count("HoldExpired") == 1


async def test_one_that_is_kept_never_ends_by_the_clock(stage: Stage) -> None:
    kept = Kept(stage, decide_within=60.0, ending=Ending.KEEP)
    message_id = await kept.held()
    await kept.keeper.sweep()
    await kept.pass_time(86_400 * 60)
    assert kept.messages.search(Search(message_id))[0].state == RecipientState.HELD


async def test_a_decided_task_is_closed_and_a_new_hold_is_a_new_task(stage: Stage) -> None:
    kept = Kept(stage)
    message_id = await kept.held()
    await kept.keeper.sweep()
    assert isinstance(await release(kept.world, message_id, actor="gov", reason="fine"), tuple)
    await kept.keeper.sweep()
    assert kept.tasks.of_message(message_id) == []
    stage.clock.at += 5
    kept.messages.change_state([message_id], to=RecipientState.HELD, actor="gov", reason="wait")
    await kept.keeper.sweep()
    assert len(kept.tasks.of_message(message_id)) == 1


async def test_two_keepers_make_one_task_and_the_second_ending_loses(stage: Stage) -> None:
    kept, other = Kept(stage, decide_within=60.0), Kept(stage, decide_within=60.0)
    message_id = await kept.held()
    copies = await kept.holds.without_task(10)
    await kept.keeper.sweep()
    await other.keeper.sweep()
    assert len(kept.tasks.of_message(message_id)) == 1
    assert len(copies) == 1
    await kept.pass_time(61)
    await other.keeper.sweep()
    kinds = [event.kind for event in kept.messages.history(message_id)]
    assert kinds.count("HoldOpened") == 1
    assert kinds.count("HoldExpired") == 1


async def test_alerts_are_posted_too_and_carry_nothing_of_the_content(stage: Stage) -> None:
    kept = Kept(stage)
    await kept.held(URGENT)
    await kept.keeper.sweep()
    (posted,) = await StoreOutbox(stage.database).due(stage.clock.now() + 1, 10)
    assert posted.type == "hold.opened"
    assert "Secret words" not in posted.payload
    assert "a@unknown.example" not in posted.payload


async def test_release_by_two_people_where_a_rule_asks_for_it(stage: Stage) -> None:
    from wardmail.policy.codec import decode_rule
    from wardmail.policy.rules import BUILT_IN_RULES

    rule = {"id": "two", "source": "L", "why": "two", "when": {"always": True}, "then": {"hold": {"two_people": True}}}
    kept = Kept(stage)
    stage.world.register.rules = (*BUILT_IN_RULES, decode_rule(rule, ""))
    message_id = await kept.held()
    first = await release(kept.world, message_id, actor="ann", reason="r")
    assert isinstance(first, Proposed)
    alone = await release(kept.world, message_id, actor="ann", reason="r", proposals={0: "ann"})
    assert isinstance(alone, Proposed)
    together = await release(kept.world, message_id, actor="bob", reason="r", proposals={0: "ann"})
    assert isinstance(together, tuple)
