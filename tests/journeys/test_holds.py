"""Held messages as tasks: alerts by mail and webhook, a clinician's release, bulk decisions with a confirmed number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.gateway import SENDER, Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority, wait_until
from tests.journeys.peers.webhook import SECRET, Receiver, receiving

_HEAD = f"From: {SENDER}\r\nSubject: Zebra\r\nWardmail-Classification: OFFICIAL-SENSITIVE\r\n"
ORDINARY = f"{_HEAD}\r\nLetter.\r\n".encode()
URGENT = f"{_HEAD}Wardmail-Urgency: time-critical\r\n\r\nLetter.\r\n".encode()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def receiver(authority: Authority) -> Iterator[Receiver]:
    with receiving(authority) as made:
        yield made


@pytest.fixture
def gateway(tmp_path: Path, authority: Authority, receiver: Receiver) -> Iterator[Gateway]:
    settings = {
        "notices.webhook": receiver.url,
        "notices.webhook_secret": "keystore:hook",
        "hold.urgent_minutes": "0.02",
        "hold.first_reminder_hours": "0.01",
    }
    made = make_gateway(tmp_path, authority, settings=settings)
    made.do("route", "create", "sandbox", "--kind", "sandbox")
    made.do("secret", "put", "hook", stdin=SECRET)
    let_in(made, "sandbox")
    with running(made, workers=2):
        yield made


def _person(gateway: Gateway, name: str, role: str) -> dict[str, str]:
    words = ("person", "add", name, "--title", name, "--role", role, "--email", f"{name}@staff.example")
    return {"WARDMAIL_PERSON_KEY": json.loads(gateway.do(*words, "--json"))["key"], "WARDMAIL_BY": name}


def _inbox(gateway: Gateway, person: str) -> list[str]:
    """What the sandbox route kept for a person."""
    mail = [path.read_text() for path in (gateway.directory / "data" / "sandbox" / "new").glob("*")]
    return [each for each in mail if f"{person}@staff.example" in each]


def test_a_time_critical_message_reaches_a_clinician_who_releases_it(gateway: Gateway, receiver: Receiver) -> None:
    doctor, developer = _person(gateway, "doc", "clinician"), _person(gateway, "dev", "developer")
    receiver.answers = [503, 302]
    message_id = gateway.send(URGENT, "ward@unknown.example")
    wait_until(lambda: bool(_inbox(gateway, "doc")), "the alert by mail", 15)
    alert = _inbox(gateway, "doc")[0]
    assert "TIME-CRITICAL" in alert
    assert message_id in alert
    assert "Zebra" not in alert
    assert "ward@unknown.example" not in alert
    wait_until(lambda: bool(receiver.taken), "the alert by webhook", 30)
    assert receiver.forged == 0
    assert "ward@unknown.example" not in "".join(receiver.taken)
    (shown,) = gateway.ask("hold", "show", message_id)
    assert (shown["owner"], shown["then"]) == ("role:clinician", "keep")
    release = ("hold", "release", message_id, "--reason", "care waits", "--yes")
    assert "dev may not release holds" in gateway.run(*release, status=4, extra=developer).stderr
    assert "Released by doc" in gateway.run(*release, extra=doctor).stdout
    gateway.wait_for_states(message_id, "delivered")
    kinds = [(each["kind"], each["actor"]) for each in gateway.ask("audit", "list", "--limit", "500")]
    assert ("HoldReleased", "doc") in kinds
    assert gateway.ask("audit", "verify")[0]["ok"] is True


def test_a_clinician_does_not_release_what_is_not_time_critical(gateway: Gateway) -> None:
    doctor = _person(gateway, "doc", "clinician")
    message_id = gateway.send(ORDINARY, "ward@unknown.example")
    done = gateway.run("hold", "release", message_id, "--reason", "a test", "--yes", status=4, extra=doctor)
    assert "doc may not release holds" in done.stderr
    assert gateway.states(message_id) == ["held"]


def test_many_are_decided_only_by_their_confirmed_number(gateway: Gateway) -> None:
    governance = _person(gateway, "gov", "governance")
    for n in range(3):
        gateway.send(ORDINARY, f"a{n}@unknown.example", f"b{n}@other.example")
    bulk = ("hold", "release", "--all", "--to-domain", "unknown.example", "--reason", "agreed by telephone", "--yes")
    assert "3 copies match. Nothing was done." in gateway.run(*bulk, status=6, extra=governance).stderr
    assert "You expect 6; 3 copies match" in gateway.run(*bulk, "--expect", 6, status=6, extra=governance).stderr
    assert gateway.states() == ["held"] * 6
    assert "3 of 3 copies are released" in gateway.run(*bulk, "--expect", 3, extra=governance).stdout
    cancel = ("hold", "cancel", "--all", "--expect", 3, "--reason", "not ours", "--yes")
    assert "3 copies are not sent" in gateway.run(*cancel, extra=governance).stdout
    wait_until(lambda: "held" not in gateway.states() and "accepted" not in gateway.states(), "all to be settled", 15)
    assert gateway.states() == ["cancelled"] * 3 + ["delivered"] * 3
    for wrong in (("hold", "release", "--reason", "a test"), ("hold", "release", "ID", "--all", "--reason", "a test")):
        gateway.run(*wrong, status=2)


def test_a_task_gets_another_owner_and_more_time(gateway: Gateway) -> None:
    _person(gateway, "gov", "governance")
    _person(gateway, "two", "governance")
    _person(gateway, "dev", "developer")
    message_id = gateway.send(ORDINARY, "ward@unknown.example")
    wait_until(lambda: gateway.ask("hold", "show", message_id)[0]["owner"] is not None, "an owner", 10)
    before = gateway.ask("hold", "show", message_id)[0]
    gateway.do("hold", "extend", message_id, "--by-days", "2", "--reason", "on leave")
    gateway.do("hold", "assign", message_id, "two", "--reason", "knows the partner")
    after = gateway.ask("hold", "show", message_id)[0]
    assert after["deadline"] > before["deadline"]
    assert after["owner"] == "two"
    assert "may not decide" in gateway.run("hold", "assign", message_id, "dev", "--reason", "a test", status=4).stderr
    wait_until(lambda: bool(_inbox(gateway, "two")), "the new owner to be told", 15)
