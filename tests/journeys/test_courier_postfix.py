"""The courier with a real Postfix as its upstream."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.journeys.courier_kit import HEAD, consignment, smtp_courier
from tests.journeys.peers.ground import Authority, open_directory
from tests.journeys.peers.postfix import running_postfix
from wardmail.model.address import Address
from wardmail.model.consignment import ConsignedRecipient
from wardmail.model.delivery import Deferred, Failed, HandedOn
from wardmail.model.message import MemoryBody
from wardmail.model.route import Route, RouteKind, RouteLimits, TlsLevel, TlsMode

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def authority():
    with open_directory("authority") as directory:
        yield Authority(directory)


@pytest.fixture(scope="module")
def postfix(authority):
    # Who counts has a mailbox alone: Postfix may still be storing what an earlier test sent.
    mailboxes = ("anna", "bob", "reported", "dotted", "forty")
    with running_postfix(authority.issue("localhost"), mailboxes=mailboxes) as running:
        yield running


@pytest.fixture
def route(authority, postfix):
    return Route("test", RouteKind.SMARTHOST, "localhost", postfix.port, ca_file=str(authority.ca_file))


async def deliver(message, route):
    courier = smtp_courier()
    try:
        return await courier.deliver(message, route)
    finally:
        await courier.close()


async def test_a_message_arrives_word_for_word_over_verified_tls(postfix, route):
    courier = smtp_courier()
    (result,) = await courier.deliver(consignment("anna@sink.example"), route)
    await courier.close()
    assert isinstance(result.outcome, HandedOn)
    assert result.outcome.dsn
    assert result.tls.achieved is TlsLevel.VERIFIED
    assert result.tls.version == "TLSv1.3"
    assert result.tls.proof == "certificate of localhost verified"
    (stored,) = postfix.wait_for_messages("anna", 1)
    assert stored.endswith(HEAD.replace(b"\r\n", b"\n") + b"\nHello.\n.dotted\n")


async def test_each_recipient_is_told_apart(postfix, route):
    message = consignment("nobody@sink.example", "bob@sink.example", "x@elsewhere.example")
    results = await deliver(message, route)
    assert [type(result.outcome) for result in results] == [Failed, HandedOn, Failed]
    assert results[0].outcome.status == "5.1.1"
    assert results[2].outcome.status == "5.7.1"
    assert "Relay access denied" in results[2].outcome.reply.text


async def test_all_refused_leaves_the_connection_usable(postfix, route):
    courier = smtp_courier()
    (refused,) = await courier.deliver(consignment("nobody@sink.example"), route)
    before = postfix.log().count(": connect from")
    (taken,) = await courier.deliver(consignment("bob@sink.example"), route)
    await courier.close()
    assert isinstance(refused.outcome, Failed)
    assert isinstance(taken.outcome, HandedOn)
    assert postfix.log().count(": connect from") == before


async def test_implicit_tls(postfix, route):
    (result,) = await deliver(
        consignment("bob@sink.example"), replace(route, port=postfix.implicit_port, tls_mode=TlsMode.IMPLICIT)
    )
    assert isinstance(result.outcome, HandedOn)


async def test_a_message_too_large_for_the_upstream_is_not_sent(route):
    body = MemoryBody((b"x" * 78 + b"\r\n",) * 150_000)
    (result,) = await deliver(consignment(body=body), route)
    assert isinstance(result.outcome, Failed)
    assert result.outcome.status == "5.3.4"
    assert result.outcome.reply is None


async def test_delivery_report_wishes_reach_the_upstream(postfix, route):
    wish = ConsignedRecipient(1, Address("bob", "sink.example"), frozenset({"SUCCESS"}), "rfc822;robert@trust.example")
    message = replace(consignment(envid="E42", sender=Address("reported", "sink.example")), recipients=(wish,))
    (result,) = await deliver(message, route)
    assert isinstance(result.outcome, HandedOn)
    (report,) = postfix.wait_for_messages("reported", 1)
    assert b"Original-Envelope-Id: E42" in report
    assert b"Original-Recipient: rfc822;robert@trust.example" in report


async def test_dots_and_eight_bits_arrive_unchanged(postfix, route):
    text = b".\r\n..\r\n.x\r\n\xff\xfe and no line end"
    (result,) = await deliver(consignment("dotted@sink.example", body=MemoryBody((text,))), route)
    assert isinstance(result.outcome, HandedOn)
    (stored,) = postfix.wait_for_messages("dotted", 1)
    assert stored.endswith(b"\n\n" + text.replace(b"\r\n", b"\n") + b"\n")


async def test_a_name_that_is_not_in_the_certificate_stops_the_route(route):
    (result,) = await deliver(consignment(), replace(route, host="127.0.0.1"))
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.error == "WM-TLS-REFUSED"
    assert result.tls.achieved is TlsLevel.NONE


async def test_encrypted_without_a_proved_name_says_so(route):
    lax = replace(route, host="127.0.0.1", tls=TlsLevel.ENCRYPTED)
    (result,) = await deliver(consignment("bob@sink.example", tls=TlsLevel.ENCRYPTED), lax)
    assert isinstance(result.outcome, HandedOn)
    assert (result.tls.achieved, result.tls.proof) == (TlsLevel.ENCRYPTED, "name not proved")
    (result,) = await deliver(consignment("bob@sink.example", tls=TlsLevel.VERIFIED), lax)
    assert isinstance(result.outcome, Deferred)


async def test_forty_messages_at_once_use_few_connections(postfix, route):
    courier = smtp_courier()
    connects = postfix.log().count(": connect from")
    narrow = replace(route, limits=RouteLimits(connections=3))
    everything = await asyncio.gather(*(courier.deliver(consignment("forty@sink.example"), narrow) for _ in range(40)))
    await courier.close()
    assert all(isinstance(result.outcome, HandedOn) for (result,) in everything)
    assert len(postfix.wait_for_messages("forty", 40)) == 40
    assert postfix.log().count(": connect from") - connects == 3
