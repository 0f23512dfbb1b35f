"""What every courier promises: one result for each recipient, never an exception, whatever happens."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.journeys.courier_kit import HASTY, KnownSecrets, WallClock, connection_pool, consignment
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.notify import KEY, TEMPLATE, running_notify
from tests.journeys.peers.stage_server import Act, Play, on_stage
from wardmail.edges.courier import RoutedCourier, assemble_courier
from wardmail.edges.direct_courier import DirectCourier, DirectSettings
from wardmail.edges.notify_courier import NotifyCourier
from wardmail.edges.sandbox_courier import SandboxCourier
from wardmail.edges.smtp_courier import SmtpCourier
from wardmail.model.address import Address
from wardmail.model.consignment import AttemptResult
from wardmail.model.delivery import Ambiguous, Deferred, Delivered, Failed, HandedOn
from wardmail.model.message import MemoryBody
from wardmail.model.question import Found, NotFound
from wardmail.model.route import Route, RouteKind, RouteLimits, TlsLevel

TAKEN = Delivered | HandedOn


class LoopbackResolver:
    """Every domain's mail server is this machine."""

    async def answer(self, question):
        answers = {"MX": Found(("10 mx.example.",)), "A": Found(("127.0.0.1",))}
        return answers.get(getattr(question, "rdtype", ""), NotFound())


@asynccontextmanager
async def smarthost(play, tmp_path):
    async with on_stage(play, None) as stage:
        limits = RouteLimits(recipients_per_message=2)
        route = Route("r", RouteKind.SMARTHOST, "127.0.0.1", stage.port, tls=TlsLevel.NONE, limits=limits)
        yield SmtpCourier(connection_pool()), route


@asynccontextmanager
async def direct(play, tmp_path):
    async with on_stage(play, None) as stage:
        settings = DirectSettings(stage.port, allow_loopback=True)
        courier = DirectCourier(connection_pool(), LoopbackResolver(), WallClock(), settings)
        yield courier, Route("r", RouteKind.DIRECT, tls=TlsLevel.NONE, limits=RouteLimits(recipients_per_message=2))


@asynccontextmanager
async def sandbox(play, tmp_path):
    yield SandboxCourier(tmp_path), Route("r", RouteKind.SANDBOX)


@asynccontextmanager
async def routed(play, tmp_path):
    async with smarthost(play, tmp_path) as (_, route):
        yield (
            assemble_courier(
                HASTY,
                KnownSecrets(),
                WallClock(),
                LoopbackResolver(),
                sandbox_directory=tmp_path,
                direct=DirectSettings(),
            ),
            route,
        )


@asynccontextmanager
async def notify(play, tmp_path):
    authority = Authority(tmp_path)
    with running_notify(authority.issue("localhost")) as running:
        where = ("localhost", running.port)
        trust: dict[str, Any] = {
            "ca_file": str(authority.ca_file),
            "secret_ref": "keystore:notify",
            "template": TEMPLATE,
        }
        route = Route("r", RouteKind.GOVUK_NOTIFY, *where, **trust)
        yield NotifyCourier(KnownSecrets(notify=KEY), WallClock()), route


@pytest.fixture(params=[smarthost, direct, sandbox, routed, notify], ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.fixture(params=[smarthost, direct, routed], ids=lambda kind: kind.__name__)
def wired(request):
    """Couriers that speak to a server."""
    return request.param


async def attempt(kind, tmp_path, play, message) -> dict[int, AttemptResult]:
    async with kind(play, tmp_path) as (courier, route):
        results = await courier.deliver(message, route)
        await courier.close()
    assert sorted(result.recipient_id for result in results) == [recipient.id for recipient in message.recipients]
    assert all(result.seconds >= 0 and result.tls.required is message.tls for result in results)
    return {result.recipient_id: result for result in results}


def letter(*recipients, **changes):
    return consignment(
        *(recipients or ("a@one.example", "b@two.example", "c@one.example")), tls=TlsLevel.NONE, **changes
    )


def play(**lines):
    return Play(lines, offers_tls=False)


async def test_every_recipient_has_one_result(kind, tmp_path):
    results = await attempt(kind, tmp_path, play(), letter())
    assert all(isinstance(result.outcome, TAKEN) for result in results.values())
    assert all(result.host for result in results.values())


async def test_a_relay_hands_on_and_the_recipients_own_server_delivers(tmp_path):
    for kind, outcome in [(smarthost, HandedOn), (direct, Delivered), (sandbox, Delivered)]:
        results = await attempt(kind, tmp_path, play(), letter("a@one.example"))
        assert isinstance(results[1].outcome, outcome)


async def test_the_null_sender_is_no_hindrance(kind, tmp_path):
    results = await attempt(kind, tmp_path, play(), letter(sender=None))
    assert all(isinstance(result.outcome, TAKEN) for result in results.values())


async def test_refusals_are_told_apart(wired, tmp_path):
    results = await attempt(
        wired, tmp_path, play(RCPT=["550 5.1.1 no", "450 later"]), letter("a@x.example", "b@x.example")
    )
    assert isinstance(results[1].outcome, Failed)
    assert results[1].outcome.reply.text == "no"
    assert isinstance(results[2].outcome, Deferred)


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [Act.CLOSE, b"what?\r\n", "421 bye"])
async def test_what_breaks_before_the_final_dot_is_tried_again(wired, tmp_path, verb, answer):
    results = await attempt(wired, tmp_path, play(**{verb: [answer]}), letter())
    assert all(isinstance(result.outcome, Deferred) for result in results.values())


async def test_what_breaks_after_it_is_ambiguous(wired, tmp_path):
    results = await attempt(wired, tmp_path, play(DOT=[Act.CLOSE]), letter("a@x.example"))
    assert isinstance(results[1].outcome, Ambiguous)


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": Address("a\r\nRCPT TO:<evil@x.example>", "x.example")},
        {"body": MemoryBody((b"a\nb\r\n",))},
        {"body": MemoryBody(())},
        {"head": b""},
        {"require_tls": True},
    ],
)
async def test_strange_messages_bring_results_too(tmp_path, changes):
    async with smarthost(play(), tmp_path) as (inner, route):
        courier = RoutedCourier({RouteKind.SMARTHOST: inner})
        results = await courier.deliver(letter(**changes), route)
        await courier.close()
    assert sorted(result.recipient_id for result in results) == [1, 2, 3]


async def test_a_message_that_needs_verified_tls_is_not_sent_without(wired, tmp_path):
    async with wired(play(), tmp_path) as (courier, route):
        results = await courier.deliver(consignment("a@x.example", tls=TlsLevel.VERIFIED), route)
        await courier.close()
    assert isinstance(results[0].outcome, Deferred)
    assert results[0].tls.achieved is TlsLevel.NONE
    assert results[0].outcome.error in {"WM-ROUTE-NO-TLS", "WM-TLS-UNVERIFIED"}


async def test_close_is_quick_and_may_be_repeated(kind, tmp_path):
    async with kind(play(QUIT=[Act.STALL]), tmp_path) as (courier, route):
        await courier.deliver(letter(), route)
        began = time.monotonic()
        await courier.close()
        await courier.close()
    assert time.monotonic() - began < 3
