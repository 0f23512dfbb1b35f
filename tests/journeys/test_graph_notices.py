"""Change notifications of Microsoft Graph: made, renewed, made anew, and no more believed than they prove."""

from __future__ import annotations

import asyncio
import ssl
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.journeys.courier_kit import KnownSecrets, WallClock
from tests.journeys.peers.graph import Graph
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.https_server import HttpReply, https_server
from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.graph import GraphMailbox
from wardmail.edges.mailboxes.notice_server import NoticeServer
from wardmail.edges.oauth import TokenSource
from wardmail.model.mailbox import MailboxAccount, MailboxKind
from wardmail.model.route import OAuthClient


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def graph(authority: Authority) -> Iterator[Graph]:
    made = Graph()
    with https_server(authority.issue("localhost", "127.0.0.1"), made.answer) as port:
        made.origin = f"https://localhost:{port}"
        yield made


class SettableClock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return WallClock().now() + self.ahead


@dataclass
class Watched:
    mailbox: GraphMailbox
    clock: SettableClock
    port: int


@asynccontextmanager
async def watched(graph: Graph, authority: Authority) -> AsyncIterator[Watched]:
    certificate = authority.issue("localhost", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    trusting = ssl.create_default_context(cafile=str(authority.ca_file))
    server = NoticeServer("https://localhost:0/graph")
    port = await server.start("127.0.0.1", 0, context)

    def hear(url: str, body: bytes) -> tuple[int, bytes]:
        request = urllib.request.Request(url.replace(":0/", f":{port}/"), data=body, method="POST")
        try:
            with urllib.request.urlopen(request, context=trusting, timeout=10) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    graph.hear = hear
    clock = SettableClock()
    client = OAuthClient(f"{graph.origin}/tenant/oauth2/v2.0/token", "app", "keystore:pw", "s")
    at = int(graph.origin.rpartition(":")[2])
    account = MailboxAccount(
        MailboxKind.GRAPH, "localhost", at, graph.user, oauth=client, ca_file=str(authority.ca_file)
    )
    secrets = KnownSecrets(pw=graph.secret)
    access = MailboxAccess(account, secrets, TokenSource(secrets, WallClock(), account.ca_file))
    mailbox = GraphMailbox(account, access, server.subscription(clock))
    try:
        yield Watched(mailbox, clock, port)
    finally:
        await mailbox.close()
        await server.close()


async def _notify(graph: Graph, **how: str) -> list[int]:
    return await asyncio.to_thread(lambda: graph.notify(**how))


async def test_a_notice_wakes_and_the_subscription_ends_with_the_mailbox(graph: Graph, authority: Authority) -> None:
    async with watched(graph, authority) as it:
        await it.mailbox.watch(30)  # the first returns at once: what came before is told by nobody
        assert len(graph.subscriptions) == 1
        watching = asyncio.create_task(it.mailbox.watch(30))
        await asyncio.sleep(0.2)
        assert not watching.done()
        assert await _notify(graph) == [202]
        await asyncio.wait_for(watching, 5)
        (made,) = graph.subscriptions.values()
        assert made["resource"] == "/users/letters%40trust.example/mailFolders/inbox/messages"
        assert 40 <= len(made["clientState"]) <= 128
    assert graph.subscriptions == {}


async def test_a_notice_that_does_not_know_the_state_wakes_nobody(graph: Graph, authority: Authority) -> None:
    async with watched(graph, authority) as it:
        await it.mailbox.watch(30)
        watching = asyncio.create_task(it.mailbox.watch(30))
        await asyncio.sleep(0.1)
        assert await _notify(graph, state="guess") == [202]
        assert await _notify(graph, state="guess", lifecycle="subscriptionRemoved") == [202]
        await asyncio.sleep(0.2)
        assert not watching.done()
        watching.cancel()


async def test_it_is_renewed_before_it_ends_and_made_anew_when_it_is_lost(graph: Graph, authority: Authority) -> None:
    async with watched(graph, authority) as it:
        await it.mailbox.watch(30)
        (first,) = graph.subscriptions
        it.clock.ahead = 13 * 3600
        await it.mailbox.watch(0.1)
        assert [r.method for r in graph.requests if r.target.startswith("/v1.0/subscriptions")] == ["POST", "PATCH"]
        assert list(graph.subscriptions) == [first]
        assert await _notify(graph, lifecycle="reauthorizationRequired") == [202]
        await it.mailbox.watch(5)
        assert [r.method for r in graph.requests if "subscriptions" in r.target] == ["POST", "PATCH", "PATCH"]
        graph.subscriptions.clear()
        it.clock.ahead = 30 * 3600
        await it.mailbox.watch(5)
        assert len(graph.subscriptions) == 1
        assert await _notify(graph, lifecycle="subscriptionRemoved") == [202]
        await it.mailbox.watch(5)
        assert len(graph.subscriptions) == 2
        assert await _notify(graph, lifecycle="missed") == [202, 202]
        await it.mailbox.watch(5)


async def test_without_a_subscription_it_is_still_looked_at(graph: Graph, authority: Authority) -> None:
    async with watched(graph, authority) as it:
        graph.misbehave = lambda request: HttpReply(403) if "subscriptions" in request.target else None
        await asyncio.wait_for(it.mailbox.watch(0.2), 5)
        assert graph.subscriptions == {}


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("/graph/nobody?validationToken=x", b"", 404),
        ("/graph/{key}", b"nonsense", 400),
        ("/graph/{key}", b'{"value": [7]}', 400),
        ("/graph/{key}", b"[" * 50_000, 400),
        ("/graph/{key}?validationToken=a&validationToken=b", b"", 400),
        ("/graph/{key}?validationToken=%3Cb%3E", b"", 200),
    ],
)
async def test_what_strangers_send(graph: Graph, authority: Authority, target: str, body: bytes, status: int) -> None:
    async with watched(graph, authority) as it:
        await it.mailbox.watch(30)
        (made,) = graph.subscriptions.values()
        key = made["notificationUrl"].rpartition("/")[2]
        url = f"https://localhost:{it.port}{target.replace('{key}', key)}"
        answered, _ = await asyncio.to_thread(graph.hear, url, body)
        assert answered == status


async def test_a_flood_and_a_stall_stop_nobody(graph: Graph, authority: Authority) -> None:
    async with watched(graph, authority) as it:
        await it.mailbox.watch(30)
        trusting = ssl.create_default_context(cafile=str(authority.ca_file))
        stalled = [await asyncio.open_connection("localhost", it.port, ssl=trusting) for _ in range(20)]
        _, writer = await asyncio.open_connection("localhost", it.port, ssl=trusting)
        writer.write(b"POST /graph/x HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20_000)
        assert await _notify(graph) == [202]
        for _, each in [*stalled, (None, writer)]:
            each.close()
