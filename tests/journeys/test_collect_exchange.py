"""A gateway that collects by Microsoft Graph and by EWS, at servers made from their documentation: told of mail at once,
killed in the middle, and accounting for every message."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.peers.dns import Dns, running_dns
from tests.journeys.peers.ews import Exchange
from tests.journeys.peers.graph import Graph
from tests.journeys.peers.ground import Authority, free_port, wait_until
from tests.journeys.peers.https_server import HttpReply, https_server
from tests.journeys.receiving import ZONE, Receiver, letter, make_receiver, receiving
from wardmail.model.arrival import ArrivalState

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

ACCOUNT = "svc-letters@trust.example"
HOP = b"Authentication-Results: mx.trust.example; spf=pass smtp.mailfrom=nhs.example; dmarc=pass header.from=nhs.example\r\n"


@pytest.fixture(scope="module")
def dns() -> Iterator[Dns]:
    with running_dns(ZONE, {}) as running:
        yield running


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def graph(authority: Authority) -> Iterator[Graph]:
    made = Graph(ACCOUNT)
    with https_server(authority.issue("localhost", "127.0.0.1"), made.answer) as port:
        made.origin = f"https://localhost:{port}"
        made.hear = _heard_by(authority)
        yield made


def _heard_by(authority: Authority) -> Callable[[str, bytes], tuple[int, bytes]]:
    trusting = ssl.create_default_context(cafile=str(authority.ca_file))

    def hear(url: str, body: bytes) -> tuple[int, bytes]:
        request = urllib.request.Request(url, data=body, method="POST")
        with urllib.request.urlopen(request, context=trusting, timeout=10) as reply:
            return reply.status, reply.read()

    return hear


def _collecting_receiver(tmp_path: Path, authority: Authority, dns: Dns, **settings: str) -> Receiver:
    own = {"receive.collect_seconds": "600", "delivery.ca_file": str(authority.ca_file)}
    receiver = make_receiver(tmp_path, authority, dns, settings=own | settings)
    receiver.gateway.do("handover", "set", "app", "--kind", "pull")
    return receiver


def _add_graph(receiver: Receiver, graph: Graph) -> None:
    gateway = receiver.gateway
    gateway.do("secret", "put", "graph-app", stdin=graph.secret.decode())
    gateway.do(
        "source", "add", "letters-graph", "--kind", "graph", "--integration", "app", "--host", "localhost",
        "--port", graph.origin.rpartition(":")[2], "--username", ACCOUNT, "--ca-file", gateway.authority.ca_file,
        "--token-endpoint", f"{graph.origin}/tenant/oauth2/v2.0/token", "--client-id", "app",
        "--client-secret-ref", "keystore:graph-app", "--trust-hop", "mx.trust.example",
    )  # fmt: skip


def _acknowledge_all(receiver: Receiver) -> None:
    for arrival in receiver.arrivals(ArrivalState.HANDING_OVER):
        receiver.gateway.do("inbound", "ack", arrival.id)


def test_graph_tells_of_mail_and_gets_it_back_only_after_the_receipt(
    tmp_path: Path, authority: Authority, dns: Dns, graph: Graph
) -> None:
    port = free_port()
    settings = {"receive.graph_listen": f"127.0.0.1:{port}", "receive.graph_public": f"https://localhost:{port}/graph"}
    receiver = _collecting_receiver(tmp_path, authority, dns, **settings)
    for number in range(12):
        graph.deliver(HOP + letter(number))
    _add_graph(receiver, graph)
    with receiving(receiver):
        wait_until(lambda: len(receiver.arrivals(ArrivalState.HANDING_OVER)) == 12, "what lay there", 40)
        wait_until(lambda: bool(graph.subscriptions), "the subscription", 20)
        graph.deliver(HOP + letter(99))
        assert graph.notify() == [202]
        wait_until(lambda: len(receiver.arrivals(ArrivalState.HANDING_OVER)) == 13, "what was told of", 20)
        assert len(graph.contents("Inbox")) == 13, "the application has not said that it has them"
        _acknowledge_all(receiver)
        graph.notify()
        wait_until(lambda: graph.contents("Inbox") == [], "the mailbox to be empty", 30)
        assert len(graph.contents("Wardmail")) == 13
    (day,) = [each for each in receiver.gateway.ask("source", "reconcile", "letters-graph", "--look") if "day" in each]
    assert (day["came"], day["receipted"], day["unaccounted"]) == (13, 13, 0)
    assert graph.most_at_once <= 4
    assert graph.secret.decode() not in receiver.gateway.log()


def test_graph_that_fails_and_a_kill_lose_nothing(tmp_path: Path, authority: Authority, dns: Dns, graph: Graph) -> None:
    receiver = _collecting_receiver(tmp_path, authority, dns, **{"receive.collect_seconds": "1"})
    for number in range(20):
        graph.deliver(HOP + letter(number))
    _add_graph(receiver, graph)
    tired = iter(range(1, 10_000))
    graph.misbehave = lambda _: HttpReply(503, b"", {"Retry-After": "1"}) if next(tired) % 5 == 0 else None
    with receiving(receiver):
        wait_until(lambda: len(receiver.arrivals()) >= 5, "some", 40)
        receiver.gateway.kill()
    graph.misbehave = lambda _: None
    with receiving(receiver):
        wait_until(lambda: len(receiver.arrivals(ArrivalState.HANDING_OVER)) == 20, "all", 60)
    assert len(receiver.arrivals()) == 20


def test_exchange_web_services_from_the_mailbox_to_the_receipt(tmp_path: Path, authority: Authority, dns: Dns) -> None:
    exchange = Exchange(ACCOUNT)
    receiver = _collecting_receiver(tmp_path, authority, dns, **{"receive.collect_seconds": "1"})
    for number in range(5):
        exchange.deliver(HOP + letter(number))
    with https_server(authority.issue("localhost", "127.0.0.1"), exchange.answer) as port:
        receiver.gateway.do(
            "source", "add", "letters-ews", "--kind", "ews", "--integration", "app", "--host", "localhost",
            "--port", port, "--username", ACCOUNT, "--ca-file", authority.ca_file, "--password-stdin",
            "--trust-hop", "mx.trust.example",
            stdin=exchange.password,
        )  # fmt: skip
        with receiving(receiver):
            wait_until(lambda: len(receiver.arrivals(ArrivalState.HANDING_OVER)) == 5, "five", 40)
            assert len(exchange.contents("inbox")) == 5
            _acknowledge_all(receiver)
            wait_until(lambda: exchange.contents("inbox") == [], "the mailbox to be empty", 30)
        assert len(exchange.contents("Wardmail")) == 5
        (day,) = [
            each for each in receiver.gateway.ask("source", "reconcile", "letters-ews", "--look") if "day" in each
        ]
        assert (day["came"], day["receipted"], day["unaccounted"]) == (5, 5, 0)
    assert exchange.password not in receiver.gateway.log()
