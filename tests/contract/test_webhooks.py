"""What is kept of webhooks, and how they are told, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import cast

import pytest

from tests.worlds import START, SettableClock
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.office.webhooks import WebhookOffice
from wardmail.manage.integrations import BadInput
from wardmail.manage.policy_desk import PolicyDesk
from wardmail.manage.policy_text import rules_of_text
from wardmail.model.person import Person, Role
from wardmail.model.policy import PolicyVersion
from wardmail.model.stored import Event
from wardmail.model.webhook_endpoint import TAKEN, Telling, WebhookEndpoint
from wardmail.outbound.posting import SCHEDULE
from wardmail.outbound.telling import Teller
from wardmail.store.chain import EventChain, verify
from wardmail.store.connection import Database
from wardmail.store.notices_feed import NoticesFeed
from wardmail.store.policies import StorePolicies
from wardmail.store.schema import message
from wardmail.store.webhooks import StoreWebhooks

HOOK = WebhookEndpoint("wh1", "app", "https://app.example/hook", ("keystore:x",))


@dataclass
class ScriptedPoster:
    answers: list[int | str] = field(default_factory=list)
    posted: list[tuple[str, str]] = field(default_factory=list)

    async def post(self, endpoint: WebhookEndpoint, telling: Telling) -> int | str:
        self.posted.append((telling.id, json.loads(telling.payload)["type"]))
        return self.answers.pop(0) if self.answers else 204


@dataclass
class Desk:
    database: Database
    clock: SettableClock
    webhooks: StoreWebhooks
    poster: ScriptedPoster
    teller: Teller

    def happens(self, *names: str, integration: str = "app") -> None:
        with self.database.write() as connection:
            detail: dict[str, object] = {"integration": integration, "recipients": [[0, "nhs.net", "deliver", []]]}
            events = [Event("MessageAccepted", self.clock.now(), "app", name, "message", detail) for name in names]
            EventChain(self.database).append(connection, events)
            for name in names:
                known = {column.name: _anything(column) for column in message.columns if not column.nullable}
                connection.execute(message.insert().values(**known | {"id": name, "integration_id": integration}))


def _anything(column: object) -> object:
    kind = column.type.python_type  # type: ignore[attr-defined]
    return b"" if kind is bytes else kind()


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    database.clock = clock = SettableClock(START)
    webhooks, poster = StoreWebhooks(database), ScriptedPoster()
    yield Desk(database, clock, webhooks, poster, Teller(webhooks, NoticesFeed(database), poster, clock))


async def test_each_event_is_told_once_from_when_it_was_added(desk: Desk) -> None:
    desk.happens("M0")
    desk.webhooks.add(HOOK, "anna")
    desk.happens("M1", "M2")
    desk.happens("X1", integration="other")
    await desk.teller.sweep()
    await desk.teller.sweep()
    assert [kind for _, kind in desk.poster.posted] == ["message.accepted"] * 2
    assert len({name for name, _ in desk.poster.posted}) == 2
    assert [each.outcome for each in desk.webhooks.deliveries("wh1", failed=False, limit=9)] == [TAKEN] * 2
    assert verify(desk.database).broken_at is None


async def test_what_is_not_taken_is_tried_again_and_then_given_up(desk: Desk) -> None:
    desk.webhooks.add(HOOK, "anna")
    desk.happens("M1")
    desk.poster.answers = [500, "the connection failed (ConnectError)", *[503] * len(SCHEDULE)]
    for _ in range(len(SCHEDULE) + 3):
        await desk.teller.sweep()
        desk.clock.at += 100_000
    (telling,) = desk.webhooks.deliveries("wh1", failed=True, limit=9)
    assert telling.attempts == len(SCHEDULE) + 1
    assert telling.outcome == "given up: the receiver answered 503"
    assert len({name for name, _ in desk.poster.posted}) == 1
    assert desk.webhooks.replay(HOOK, [telling.seq], "anna", "mended") == 1
    await desk.teller.sweep()
    assert desk.webhooks.deliveries("wh1", failed=True, limit=9) == []


async def test_one_that_fails_holds_up_no_other(desk: Desk) -> None:
    desk.webhooks.add(HOOK, "anna")
    desk.happens("M1")
    desk.poster.answers = [500]
    await desk.teller.sweep()
    desk.happens("M2")
    await desk.teller.sweep()
    outcomes = {each.outcome for each in desk.webhooks.deliveries("wh1", failed=False, limit=9)}
    assert outcomes == {TAKEN, "the receiver answered 500"}


async def test_gone_is_gone(desk: Desk) -> None:
    desk.webhooks.add(HOOK, "anna")
    desk.happens("M1")
    desk.poster.answers = [410]
    await desk.teller.sweep()
    desk.happens("M2")
    desk.clock.at += 100_000
    await desk.teller.sweep()
    assert len(desk.poster.posted) == 1
    assert desk.webhooks.all()[0].stopped


async def test_a_pause_loses_nothing(desk: Desk) -> None:
    desk.webhooks.add(HOOK, "anna")
    desk.webhooks.change("wh1", lambda each: replace(each, stopped="paused"), "WebhookStopped", "anna", "")
    desk.happens("M1")
    await desk.teller.sweep()
    assert desk.poster.posted == []
    desk.webhooks.change("wh1", lambda each: replace(each, stopped=""), "WebhookResumed", "anna", "")
    await desk.teller.sweep()
    assert len(desk.poster.posted) == 1


async def test_only_the_types_that_are_wanted(desk: Desk) -> None:
    desk.webhooks.add(replace(HOOK, types=("message.bounced",)), "anna")
    desk.happens("M1")
    await desk.teller.sweep()
    assert desk.poster.posted == []
    assert desk.webhooks.told_to("wh1") > 0


async def test_nothing_is_kept_for_ever_and_a_removed_one_leaves_nothing(desk: Desk) -> None:
    desk.webhooks.add(HOOK, "anna")
    desk.happens("M1")
    await desk.teller.sweep()
    desk.clock.at += 31 * 86_400
    await desk.teller.sweep()
    assert desk.webhooks.deliveries("wh1", failed=False, limit=9) == []
    desk.webhooks.remove(HOOK, "anna", "not needed")
    assert (desk.webhooks.all(), desk.webhooks.change("wh1", lambda each: each, "X", "a", "")) == ([], None)


def test_of_two_who_rotate_at_once_the_second_is_told(desk: Desk) -> None:
    desk.webhooks.add(HOOK, "anna")
    office = WebhookOffice(cast("Installation", SimpleNamespace(webhooks=desk.webhooks)))
    office._sign_with(Person("anna", "Anna"), HOOK, ("keystore:y", "keystore:x"), "")
    with pytest.raises(CommandFailed) as told:
        office._sign_with(Person("bo", "Bo"), HOOK, ("keystore:z", "keystore:x"), "")
    assert told.value.code == "WM-WEBHOOK-ROTATING"
    assert desk.webhooks.all()[0].signing_refs == ("keystore:y", "keystore:x")


def test_who_changes_a_webhook_that_was_removed_meanwhile_is_told(desk: Desk) -> None:
    kept: dict[str, bytes] = {}
    keystore = SimpleNamespace(put=lambda name, kind, secret, since: kept.update({name: secret}), delete=kept.pop)
    desk.webhooks.add(HOOK, "anna")
    read = desk.webhooks.all()
    desk.webhooks.remove(HOOK, "anna", "not needed")
    late = SimpleNamespace(all=lambda: read, change=desk.webhooks.change)
    office = WebhookOffice(cast("Installation", SimpleNamespace(webhooks=late, keystore=keystore, clock=desk.clock)))
    with pytest.raises(CommandFailed) as told:
        office.rotate(Person("bo", "Bo"), HOOK.id, ed25519=False, reason="")
    assert (told.value.code, kept) == ("WM-WEBHOOK-NOT-FOUND", {})
    with pytest.raises(CommandFailed):
        office.stop(Person("bo", "Bo"), HOOK.id, stopped="a pause", reason="")


POLICY = """
[[rule]]
id = "no-webmail"
source = "LOCAL-7"
why = "letters do not go to webmail"
when = { recipient-is-at = "nhs.net" }
then = { refuse = { code = 550, status = "5.7.1", public = "No webmail", error = "WM-SITE-WEBMAIL" } }

[[rule.example]]
recipient = "someone@nhs.net"
outcome = "refuse"
"""


async def test_each_version_that_comes_into_force_is_told_to_every_program_by_its_number_alone(desk: Desk) -> None:
    for name, integration in (("wh1", "app"), ("wh2", "other")):
        desk.webhooks.add(replace(HOOK, id=name, integration=integration), "anna")
    policies = PolicyDesk(StorePolicies(desk.database), desk.clock)
    ann, bob = (Person(name, name, roles=(Role.OWNER,)) for name in ("ann", "bob"))
    for number in (1, 2):
        rules = rules_of_text(POLICY.replace("no-webmail", f"no-webmail-{number}"))
        assert not isinstance(rules, BadInput)
        policies.draft(ann, rules, "a reason that may name somebody")
        policies.check(ann, number)
        policies.approve(bob, number, "read")
        done = policies.activate(ann, number, "agreed")
        assert isinstance(done, PolicyVersion)
    policies.withdraw(ann, 2, "no")
    for integration in ("app", "other"):
        told = NoticesFeed(desk.database).since(integration, 0, 100).notifications
        assert [(each.type, each.data) for each in told] == [
            ("policy.changed", {"version": 1}),
            ("policy.changed", {"version": 2}),
        ]
    await desk.teller.sweep()
    assert [kind for _, kind in desk.poster.posted] == ["policy.changed"] * 4


def test_word_of_an_agreement_comes_to_those_that_it_covers(desk: Desk) -> None:
    covered: tuple[list[str], ...] = ([], ["app"], ["other", "third"])
    detail = {"agreement": "hospice", "stage": "7", "ends": "2026-12-01", "told": 3}
    with desk.database.write() as connection:
        made = [
            Event("AgreementExpiring", 1.0, "x", None, "hospice", {**detail, "integrations": each}) for each in covered
        ]
        EventChain(desk.database).append(connection, made)
    thin = {"agreement": "hospice", "stage": "7", "ends": "2026-12-01"}
    for integration, often in (("app", 2), ("other", 2), ("fourth", 1)):
        told = NoticesFeed(desk.database).since(integration, 0, 100).notifications
        assert [(each.type, each.data) for each in told] == [("agreement.expiring", thin)] * often
