"""Changes of records and things told once keep their promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import cast

import pytest

from tests.messages import NoSpool, PlainBlinder, ReversingSealer, accepted
from tests.registrations import REGISTERED
from tests.worlds import APP, RELAY
from wardmail.app.commands.limits import save_limits
from wardmail.app.installation import Installation
from wardmail.edges.clock import SystemClock
from wardmail.manage.going_live import Seen
from wardmail.manage.integration_desk import OVERTAKEN, IntegrationDesk
from wardmail.manage.integrations import BadInput, NewCredential, make_credential
from wardmail.model.integration import Credential, Integration
from wardmail.model.person import Person, Role
from wardmail.model.register import Added, Change, RegisterSnapshot
from wardmail.model.registration import Tick
from wardmail.model.stored import Event
from wardmail.store.chain import verify
from wardmail.store.connection import Database
from wardmail.store.messages import Messages, Search
from wardmail.store.queue import StoreQueue
from wardmail.store.register import StoreRegister
from wardmail.store.writer import Writer

NOTHING_SEEN = Seen(False, False, None, (), date(2026, 11, 26))
MADE = Change("TaskTicked", "amina", "looked at")


@pytest.fixture
def register(database: Database) -> StoreRegister:
    made = StoreRegister(database)
    made.save_integration(REGISTERED, "test")
    return made


def with_tick(task: str, records: Mapping[str, Integration]) -> Integration:
    record = records["app"]
    ticks = (*record.registration.ticks, Tick(task, "amina", 1.0, "x"))
    return replace(record, registration=replace(record.registration, ticks=ticks))


def test_two_who_change_one_record_at_once_both_count(register: StoreRegister) -> None:
    def tick(n: int) -> None:
        register.change_integration("app", lambda records: with_tick(str(n), records), MADE)

    threads = [threading.Thread(target=tick, args=(n,)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    record = register.snapshot().integrations["app"].registration
    assert sorted(each.task for each in record.ticks) == [str(n) for n in range(8)]
    assert record.version == 8


def test_a_change_tells_what_and_who_and_why_and_moves_the_register_on(register: StoreRegister) -> None:
    before = register.version()

    def rename(records: Mapping[str, Integration]) -> Integration:
        record = records["app"]
        return replace(record, name="Letters", registration=replace(record.registration, purpose="Letters home"))

    register.change_integration("app", rename, Change("IntegrationChanged", "amina", "asked by the ward"))
    assert register.version() == before + 1
    event = register.history("app")[-1]
    assert (event.kind, event.actor, event.detail["reason"]) == ("IntegrationChanged", "amina", "asked by the ward")
    assert event.detail["changed"] == {
        "name": ["The application", "Letters"],
        "purpose": ["Discharge letters to practices", "Letters home"],
    }


def test_what_is_revoked_while_another_is_made_in_its_place_stays_revoked(
    register: StoreRegister, database: Database
) -> None:
    gwen, now = Person("gwen", "Gwen", roles=(Role.OWNER,)), SystemClock()
    credential = make_credential("app-1", "app", b"pepper", now.now(), lifetime_days=None).credential
    register.save_credential(credential, "test")

    class RevokedMeanwhile(StoreRegister):
        """Another person revokes the old one in the moment after the new one is kept."""

        def add_credential(self, record: Credential, actor: str, known: int | None = None) -> Added:
            done = super().add_credential(record, actor, known)
            desk.revoke(gwen, "app-1")
            return done

    desk = IntegrationDesk(register, now, lambda: b"pepper", lambda _: NOTHING_SEEN, list)
    hurried = RevokedMeanwhile(database)
    IntegrationDesk(hurried, now, lambda: b"pepper", lambda _: NOTHING_SEEN, list).rotate(
        gwen, "app-1", overlap_days=7, lifetime_days=30
    )
    kept = register.snapshot().credentials["app-1"]
    assert kept.revoked_at is not None
    assert kept.expires_at is not None
    assert desk.revoke(gwen, "nobody") is None


def test_of_credentials_that_are_asked_for_at_the_same_instant_one_is_made(register: StoreRegister) -> None:
    """Everybody has read that there is one; threads make it likely, and the number that each knows makes it sure."""
    gwen, now = Person("gwen", "Gwen", roles=(Role.OWNER,)), SystemClock()
    register.save_integration(APP, "test")
    desk = IntegrationDesk(register, now, lambda: b"pepper", lambda _: NOTHING_SEEN, list)
    desk.issue(gwen, "app", lifetime_days=30, known=0)
    start = threading.Barrier(4)
    outcomes: list[object] = []

    def issue() -> None:
        start.wait()
        outcomes.append(desk.issue(gwen, "app", lifetime_days=30, known=1))

    threads = [threading.Thread(target=issue) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(isinstance(each, NewCredential) for each in outcomes) == 1
    assert sum(each is OVERTAKEN for each in outcomes) == 3
    assert set(register.snapshot().credentials) == {"app-1", "app-2"}


def test_of_two_rotations_at_once_one_is_made(register: StoreRegister, database: Database) -> None:
    gwen, now = Person("gwen", "Gwen", roles=(Role.OWNER,)), SystemClock()
    register.save_integration(APP, "test")
    desk = IntegrationDesk(register, now, lambda: b"pepper", lambda _: NOTHING_SEEN, list)
    desk.issue(gwen, "app", lifetime_days=30)

    class Late(StoreRegister):
        """Another rotation is done in the moment after this one has looked."""

        def snapshot(self) -> RegisterSnapshot:
            seen = super().snapshot()
            if len(seen.credentials) == 1:
                desk.rotate(gwen, "app-1", overlap_days=7, lifetime_days=30)
            return seen

    late = IntegrationDesk(Late(database), now, lambda: b"pepper", lambda _: NOTHING_SEEN, list)
    assert late.rotate(gwen, "app-1", overlap_days=7, lifetime_days=30) is OVERTAKEN
    assert set(register.snapshot().credentials) == {"app-1", "app-2"}


def test_a_route_that_is_paused_while_another_changes_it_stays_paused(register: StoreRegister) -> None:
    was = replace(RELAY, name="upstream")
    register.save_route(was, "test")
    assert register.change_route(was, replace(was, paused=True), "oli") is not None
    version = register.version()
    after = register.change_route(was, replace(was, host="new.relay.test"), "olga")
    assert after == replace(was, paused=True, host="new.relay.test")
    assert register.snapshot().routes["upstream"] == after
    assert register.version() == version + 1
    assert [(each.kind, each.actor) for each in register.history("upstream")][-2:] == [
        ("RouteSaved", "oli"),
        ("RouteSaved", "olga"),
    ]
    register.remove_route("upstream", "test")
    assert register.change_route(was, replace(was, host="gone.test"), "olga") is None
    assert "upstream" not in register.snapshot().routes


def test_no_change_leaves_no_trace(register: StoreRegister, database: Database) -> None:
    before, events = register.version(), len(register.history("app"))
    assert register.change_integration("app", lambda _: BadInput("no"), MADE) == BadInput("no")
    assert (register.version(), len(register.history("app"))) == (before, events)
    assert verify(database).broken_at is None


@pytest.fixture
def queues(database: Database) -> Iterator[tuple[StoreQueue, StoreQueue]]:
    """Two processes."""
    writers = Writer(database), Writer(database)
    yield tuple(  # type: ignore[misc]
        StoreQueue(database, each, ReversingSealer(), NoSpool(), f"w{n}", blinder=PlainBlinder())
        for n, each in enumerate(writers)
    )
    for each in writers:
        each.close()


async def test_what_is_told_once_is_told_once(queues: tuple[StoreQueue, StoreQueue], database: Database) -> None:
    def told(n: int) -> Event:
        return Event("ReviewWarned", float(n), "wardmail", None, "app", {"stage": "60"})

    given = await asyncio.gather(
        *(queues[n % 2].put_once("review app 60", told(n), (accepted(f"M{n:017d}"),)) for n in range(10))
    )
    assert sum(given) == 1
    assert len(StoreRegister(database).history("app")) == 1
    assert len(Messages(database).search(Search())) == 1
    assert await queues[0].put_once("review app 30", told(11))
    assert verify(database).broken_at is None


def test_limits_that_are_set_undo_nothing_that_another_changed_meanwhile(
    register: StoreRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = register.snapshot()
    monkeypatch.setattr(register, "snapshot", lambda: seen)  # as it was when the command began
    installation = cast("Installation", SimpleNamespace(register=register))
    register.change_integration("app", lambda records: replace(records["app"], name="Letters"), MADE)
    save_limits(installation, "app", {"cooling_minutes": 7}, "amina")
    save_limits(installation, "app", {"bulk_recipients": 50}, "bo")
    monkeypatch.undo()
    now = register.snapshot().integrations["app"]
    assert (now.name, now.traffic.breaker.cooling_minutes, now.traffic.bulk.recipients) == ("Letters", 7, 50)
    last = register.history("app")[-1]
    assert (last.actor, list(last.detail["changed"])) == ("bo", ["traffic"])
