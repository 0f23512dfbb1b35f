"""Two workers and two real Postfixes, one for people and one for mass mail: limits hold across processes (SEND-3, SEND-4)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.journeys.gateway import Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority, open_directory, wait_until
from tests.journeys.peers.postfix import Postfix, running_postfix

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

PEOPLE = tuple(f"p{n}" for n in range(12))
LETTER = (
    b"From: Clinic <billing@trust.example>\r\nSubject: Your appointment on %d May\r\n\r\n"
    b"Dear Mr Smith%d,\r\nplease come to the clinic on the %dth, and bring a list of your medicines.\r\n"
)
OTHER = b"From: billing@trust.example\r\nSubject: Result %d\r\n\r\n%b\r\n"
WORDS = [b"amber basil cedar", b"delta ember flint", b"grove hazel iris", b"jade kelp linden", b"maple nettle olive"]


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with open_directory("authority") as directory:
        yield Authority(directory)


@pytest.fixture(scope="module")
def for_people(authority: Authority) -> Iterator[Postfix]:
    with running_postfix(authority.issue("localhost"), mailboxes=PEOPLE) as postfix:
        yield postfix


@pytest.fixture(scope="module")
def for_bulk(authority: Authority) -> Iterator[Postfix]:
    with running_postfix(authority.issue("localhost"), mailboxes=PEOPLE) as postfix:
        yield postfix


@pytest.fixture(scope="module")
def gateway(
    authority: Authority, for_people: Postfix, for_bulk: Postfix, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    made = make_gateway(tmp_path_factory.mktemp("gateway"), authority)
    trust = ("--kind", "smarthost", "--host", "localhost", "--ca-file", authority.ca_file, "--port")
    made.do("route", "create", "people", *trust, for_people.port, "--user-facing")
    made.do("route", "create", "mass", *trust, for_bulk.port, "--for-bulk")
    shared = ("--account", "one-account", "--messages-per-minute", 6)
    made.do("route", "create", "first", *trust, for_people.port, *shared)
    made.do("route", "create", "second", *trust, for_people.port, *shared)
    for user, route in (("letters", "people"), ("one", "first"), ("two", "second"), ("careless", "people")):
        let_in(made, route, user=user)
    made.do("limits", "set", "letters", "--bulk-recipients", 5, "--bulk-route", "mass")
    with running(made, workers=2) as started:
        yield started


def received(postfix: Postfix) -> int:
    return sum(len(postfix.messages(mailbox)) for mailbox in PEOPLE)


def test_letters_of_one_template_leave_the_peoples_relay(
    gateway: Gateway, for_people: Postfix, for_bulk: Postfix
) -> None:
    sent = [gateway.send(LETTER % (n, n, n), f"p{n}@sink.example", user="letters") for n in range(12)]
    for each in sent:
        gateway.wait_for_states(each, "relayed")
    assert (received(for_people), received(for_bulk)) == (5, 7)
    (last,) = gateway.ask("messages", sent[-1])
    assert "mass mail" in gateway.do("trace", sent[-1])
    assert last["route"] == "mass"
    assert "WM-ROUTE-IN-USE" in gateway.run("route", "remove", "mass", "--yes", status=6).stderr
    gateway.do("limits", "set", "letters", "--bulk-route", "")

    def is_refused() -> bool:
        code, reply = gateway.submit(LETTER % (9, 9, 9), "p9@sink.example", user="letters")
        return code == 550 and reply.startswith("5.7.1") and "bulk route" in reply

    # Either of two workers answers: the other one reads the register within a second too.
    wait_until(lambda: all(is_refused() for _ in range(12)), "both workers to know")


def test_two_routes_with_one_account_share_its_minute(gateway: Gateway, for_people: Postfix) -> None:
    before = received(for_people)
    for n in range(5):
        for user in ("one", "two"):
            gateway.send(OTHER % (n, WORDS[n]), f"p{n}@sink.example", user=user)
    wait_until(lambda: received(for_people) - before >= 6, "six messages")
    time.sleep(1.5)
    assert received(for_people) - before == 6
    shown = gateway.ask("limits", "show", "--route", "second")
    assert [(each["used"], each["limit"]) for each in shown if each["window_seconds"] == 60] == [(6, 6)]
    assert shown[0]["room_at"] is not None
    assert "6 of 6" in gateway.do("limits", "show")
    assert gateway.waiting() == 4


def test_a_dead_address_is_written_to_once(gateway: Gateway) -> None:
    first = gateway.send(OTHER % (1, b"x"), "nobody@sink.example", user="careless")
    gateway.wait_for_states(first, "bounced")
    wait_until(lambda: "nobody@sink.example" in gateway.do("suppression", "list"), "the list")

    def is_refused() -> bool:
        code, reply = gateway.submit(OTHER % (2, b"y"), "Nobody@sink.example", user="careless")
        return code == 550 and reply.startswith("5.1.0")

    # Either of two workers answers: the other one reads the register within a second too.
    wait_until(lambda: all(is_refused() for _ in range(12)), "both workers to know")
    urgent = b"Wardmail-Urgency: time-critical\r\n" + OTHER % (3, b"z")
    held = gateway.send(urgent, "nobody@sink.example", user="careless")
    assert gateway.states(held) == ["held"]
    gateway.do("suppression", "remove", "nobody@sink.example", "--reason", "a test")


def test_a_careless_integration_is_paused_alone_and_resumed_by_a_person(gateway: Gateway) -> None:
    gateway.do("limits", "set", "careless", "--bulk-recipients", 0, "--cooling-minutes", 600)
    for n in range(22):
        gateway.submit(OTHER % (n, b"x"), f"gone{n}@sink.example", user="careless")
    wait_until(lambda: "PAUSED  careless" in gateway.do("limits", "show"), "the breaker")

    def is_paused() -> bool:
        code, reply = gateway.submit(OTHER % (2, b"y"), "p1@sink.example", user="careless")
        return code == 451 and "paused" in reply

    wait_until(is_paused, "both workers to know")
    gateway.stop()
    gateway.start()  # a restart forgets nothing
    assert is_paused()
    assert gateway.submit(OTHER % (2, b"other words"), "p1@sink.example", user="letters")[0] == 250
    gateway.do("limits", "resume", "careless", "--reason", "the list was cleaned")
    wait_until(lambda: not is_paused(), "both workers to know")
    kinds = [each["kind"] for each in gateway.ask("audit", "list", "--limit", 1000)]
    assert (kinds.count("BreakerOpened"), kinds.count("BreakerClosed")) == (1, 1)
