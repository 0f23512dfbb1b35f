"""Keys that sign for our domains: who may change them, and that no step leaves mail without a signature that can be checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from tests.worlds import SettableClock

from wardmail.assurance.domain_desk import RETIRED_STAYS, records_for
from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.manage.signing_keys import MadeKeys, RetiredKey, SigningKeyDesk
from wardmail.model.own_domain import DomainKey, KeyState
from wardmail.model.person import Person, Role

OLI = Person("oli", "Oli", roles=(Role.MAIL_OPERATOR,))
DOMAIN = "trust.example"


@dataclass
class KeysInMemory:
    kept: dict[str, DomainKey] = field(default_factory=dict)
    refused: str = ""

    def all(self) -> list[DomainKey]:
        return list(self.kept.values())

    def make(self, domain: str, selector: str, algorithm: str, state: KeyState, actor: str) -> None:
        self.kept[selector] = DomainKey(domain, selector, algorithm, state, "the keystore", None, b"key")

    def take(self, domain: str, selector: str, reference: str, state: KeyState, actor: str) -> str:
        if self.refused:
            raise ValueError(self.refused)
        self.make(domain, selector, "rsa-sha256", state, actor)
        return "rsa-sha256"

    def move(self, domain: str, selector: str, state: KeyState, actor: str) -> None:
        self.kept[selector] = replace(self.kept[selector], state=state)


@dataclass
class Bench:
    keys: KeysInMemory = field(default_factory=KeysInMemory)
    clock: SettableClock = field(default_factory=lambda: SettableClock(1_800_000_000.0))
    published: bool | None = True

    @property
    def desk(self) -> SigningKeyDesk:
        return SigningKeyDesk(self.keys, self.clock, self._is_published)

    async def _is_published(self, key: DomainKey) -> bool | None:
        return self.published

    def make(self, *algorithms: str, signs_now: bool = False) -> MadeKeys:
        self.clock.at += 1
        made = self.desk.make(OLI, DOMAIN, algorithms, signs_now=signs_now)
        assert isinstance(made, MadeKeys), made
        return made

    def signing(self) -> set[str]:
        return {each.selector for each in self.keys.all() if each.state is KeyState.ACTIVE}


@pytest.mark.parametrize("role", [each for each in Role if each not in {Role.MAIL_OPERATOR, Role.OWNER}])
async def test_only_who_keeps_secrets_changes_keys(role: Role) -> None:
    bench, somebody = Bench(), Person("s", "S", roles=(role,))
    (first, *_) = bench.make(signs_now=True).made
    before = dict(bench.keys.kept)
    assert isinstance(bench.desk.make(somebody, DOMAIN, signs_now=True), Forbidden)
    assert isinstance(await bench.desk.activate(somebody, DOMAIN, first.selector), Forbidden)
    assert isinstance(bench.desk.retire(somebody, DOMAIN, first.selector), Forbidden)
    assert bench.keys.kept == before


async def test_a_key_waits_until_its_record_is_seen_and_takes_over_from_its_kind() -> None:
    bench = Bench()
    old = bench.make(signs_now=True)
    assert bench.signing() == {each.selector for each in old.made}
    new = bench.make("rsa-sha256")
    assert bench.signing() == {each.selector for each in old.made}
    selector = new.made[0].selector
    for answer, code in ((False, "WM-DKIM-NOT-PUBLISHED"), (None, "WM-DKIM-CANNOT-TELL")):
        bench.published = answer
        refused = await bench.desk.activate(OLI, DOMAIN, selector)
        assert isinstance(refused, BadInput)
        assert refused.code == code
        assert bench.signing() == {each.selector for each in old.made}
    bench.published = True
    done = await bench.desk.activate(OLI, DOMAIN, selector)
    assert isinstance(done, MadeKeys)
    assert [each.algorithm for each in done.retired] == ["rsa-sha256"]
    ed = next(each.selector for each in old.made if each.algorithm == "ed25519-sha256")
    assert bench.signing() == {selector, ed}


def test_one_that_waited_has_signed_nothing() -> None:
    bench = Bench()
    bench.make(signs_now=True)
    (waits,) = bench.make("rsa-sha256").made
    given_up = bench.desk.retire(OLI, DOMAIN, waits.selector)
    assert isinstance(given_up, RetiredKey) and not given_up.has_signed


async def test_the_last_key_that_signs_stays() -> None:
    bench = Bench()
    (key,) = bench.make("ed25519-sha256", signs_now=True).made
    (waits,) = bench.make("rsa-sha256").made
    kept = bench.desk.retire(OLI, DOMAIN, key.selector)
    assert isinstance(kept, BadInput)
    assert kept.code == "WM-DKIM-LAST-KEY"
    await bench.desk.activate(OLI, DOMAIN, waits.selector)
    gone = bench.desk.retire(OLI, DOMAIN, key.selector)
    assert isinstance(gone, RetiredKey) and gone.has_signed
    assert bench.signing() == {waits.selector}
    again = bench.desk.retire(OLI, DOMAIN, key.selector)
    assert isinstance(again, BadInput)
    back = await bench.desk.activate(OLI, DOMAIN, key.selector)
    assert isinstance(back, MadeKeys), "a retired key can come back when its successor fails"


def test_the_last_key_that_everybody_can_check_stays() -> None:
    bench = Bench()
    rsa, ed = bench.make(signs_now=True).made
    kept = bench.desk.retire(OLI, DOMAIN, rsa.selector)
    assert isinstance(kept, BadInput)
    assert (kept.code, "RSA" in kept.reason) == ("WM-DKIM-LAST-KEY", True)
    gone = bench.desk.retire(OLI, DOMAIN, ed.selector)
    assert isinstance(gone, RetiredKey) and gone.has_signed
    assert bench.signing() == {rsa.selector}


def test_two_who_retire_at_once_leave_a_key() -> None:
    bench = Bench()
    _, ed = bench.make(signs_now=True).made
    move = bench.keys.move

    def race(domain: str, selector: str, state: KeyState, actor: str) -> None:
        move(domain, selector, state, actor)
        for other in bench.signing() if state is KeyState.RETIRED else ():
            move(domain, other, KeyState.RETIRED, "eve")

    bench.keys.move = race  # type: ignore[method-assign]
    refused = bench.desk.retire(OLI, DOMAIN, ed.selector)
    assert isinstance(refused, BadInput)
    assert bench.signing() == {ed.selector}


def test_two_who_retire_at_once_leave_a_key_that_everybody_can_check() -> None:
    bench = Bench()
    rsa, ed = bench.make(signs_now=True).made
    bench.keys.make(DOMAIN, "second", "rsa-sha256", KeyState.ACTIVE, "eve")
    move = bench.keys.move

    def race(domain: str, selector: str, state: KeyState, actor: str) -> None:
        move(domain, selector, state, actor)
        move(domain, "second", KeyState.RETIRED, "eve")

    bench.keys.move = race  # type: ignore[method-assign]
    refused = bench.desk.retire(OLI, DOMAIN, rsa.selector)
    assert isinstance(refused, BadInput)
    assert bench.signing() == {rsa.selector, ed.selector}


def test_records_of_retired_keys_are_to_be_published_for_a_week() -> None:
    key = DomainKey(DOMAIN, "s1", "rsa-sha256", KeyState.RETIRED, "the keystore", None, b"key", moved_at=1000.0)
    name = f"s1._domainkey.{DOMAIN}"
    for keys, now, wanted in (
        ([key], 1000.0 + 7 * 86_400, True),
        ([key], 1001.0 + RETIRED_STAYS, False),
        ([replace(key, moved_at=None)], 1e9, True),
        ([replace(key, state=KeyState.ACTIVE)], 1e9, True),
    ):
        assert any(each.name == name for each in records_for(DOMAIN, keys, now)) is wanted


async def test_keys_of_others_are_no_keys_of_this_domain() -> None:
    bench = Bench()
    (key,) = bench.make("rsa-sha256").made
    assert await bench.desk.activate(OLI, "other.example", key.selector) is None
    assert bench.desk.retire(OLI, "other.example", key.selector) is None


def test_what_cannot_be_made_changes_nothing() -> None:
    bench = Bench()
    for domain, key, code in (
        ("no domain", "", "WM-DOMAIN"),
        (DOMAIN, "hunter2", "WM-DKIM-KEY"),
        (DOMAIN, "keystore:master", "WM-DKIM-KEY"),
    ):
        refused = bench.desk.make(OLI, domain, key=key, signs_now=True)
        assert isinstance(refused, BadInput)
        assert refused.code == code
        assert "hunter2" not in refused.reason
    bench.keys.refused = "it is shorter than 2048 bits"
    refused = bench.desk.make(OLI, DOMAIN, key="vault-transit:transit/dkim", signs_now=True)
    assert isinstance(refused, BadInput)
    assert bench.keys.kept == {}


def test_keys_of_the_same_second_are_not_written_over() -> None:
    bench = Bench()
    bench.make()
    before = dict(bench.keys.kept)
    busy = bench.desk.make(OLI, DOMAIN, signs_now=True)
    assert isinstance(busy, BadInput)
    assert busy.code == "WM-DKIM-BUSY"
    assert bench.keys.kept == before


def test_waiting_keys_do_not_pile_up() -> None:
    bench = Bench()
    bench.make()
    bench.make()
    bench.clock.at += 1
    full = bench.desk.make(OLI, DOMAIN, signs_now=False)
    assert isinstance(full, BadInput)
    assert full.code == "WM-DKIM-WAITING"
