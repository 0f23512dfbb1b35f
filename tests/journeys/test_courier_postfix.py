"""The courier with a real Postfix as its upstream."""

from __future__ import annotations

import pytest

from tests.journeys.courier_kit import HEAD, consignment, smtp_courier
from tests.journeys.peers.ground import Authority, open_directory
from tests.journeys.peers.postfix import running_postfix
from wardmail.model.delivery import HandedOn
from wardmail.model.route import Route, RouteKind, TlsLevel

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def authority():
    with open_directory("authority") as directory:
        yield Authority(directory)


@pytest.fixture(scope="module")
def postfix(authority):
    with running_postfix(authority.issue("localhost")) as running:
        yield running


@pytest.fixture
def route(authority, postfix):
    return Route("test", RouteKind.SMARTHOST, "localhost", postfix.port, ca_file=str(authority.ca_file))


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
