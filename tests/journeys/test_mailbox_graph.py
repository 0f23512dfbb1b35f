"""A mailbox by Microsoft Graph, at a server made from its documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.journeys.courier_kit import KnownSecrets, WallClock
from tests.journeys.peers.graph import Graph
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.https_server import HttpReply, HttpRequest, https_server
from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.graph import GraphMailbox
from wardmail.edges.oauth import TokenSource
from wardmail.model.mailbox import Gone, MailboxAccount, MailboxItem, MailboxKind, Settlement
from wardmail.model.refusal import Unavailable
from wardmail.model.route import OAuthClient

MAIL = b"From: a@b.example\r\nSubject: hello\r\n\r\n.dot\r\n8bit \xff\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def graph(authority: Authority) -> Iterator[Graph]:
    made = Graph()
    with https_server(authority.issue("localhost", "127.0.0.1"), made.answer) as port:
        made.origin = f"https://localhost:{port}"
        yield made


@asynccontextmanager
async def opened(graph: Graph, authority: Authority, **changed: object) -> AsyncIterator[GraphMailbox]:
    client = OAuthClient(f"{graph.origin}/tenant/oauth2/v2.0/token", "app", "keystore:pw", "https://graph/.default")
    port = int(graph.origin.rpartition(":")[2])
    account = MailboxAccount(
        MailboxKind.GRAPH, "localhost", port, graph.user, oauth=client, ca_file=str(authority.ca_file)
    )
    secrets = KnownSecrets(pw=graph.secret)
    account = replace(account, **changed)  # type: ignore[arg-type]
    mailbox = GraphMailbox(account, MailboxAccess(account, secrets, TokenSource(secrets, WallClock(), account.ca_file)))
    try:
        yield mailbox
    finally:
        await mailbox.close()


async def test_every_octet_comes_and_moves_only_when_settled(graph: Graph, authority: Authority) -> None:
    for n in range(25):
        graph.deliver(MAIL + b"%d" % n)
    async with opened(graph, authority) as mailbox:
        listing = await mailbox.look()
        assert listing.whole
        assert {await mailbox.fetch(item) for item in listing.items} == {MAIL + b"%d" % n for n in range(25)}
        assert len(graph.contents("Inbox")) == 25
        keys = [item.key for item in listing.items]
        assert await mailbox.settle(keys[:20]) == keys[:20]
        assert len(graph.contents("Wardmail")) == 20
        assert await mailbox.settle(keys[:1]) == keys[:1]  # a second time harms nothing
        assert [item.key for item in (await mailbox.look()).items] == keys[20:]
    assert graph.most_at_once <= 4


async def test_a_later_look_tells_only_what_is_new(graph: Graph, authority: Authority) -> None:
    graph.deliver(MAIL)
    async with opened(graph, authority) as mailbox:
        first = await mailbox.look()
        graph.deliver(MAIL + b"2")
        later = await mailbox.look(first.cursor)
        assert not later.whole
        assert [await mailbox.fetch(item) for item in later.items] == [MAIL + b"2"]
        assert (await mailbox.look(later.cursor)).items == ()
        await mailbox.settle([item.key for item in later.items])
        assert (await mailbox.look(later.cursor)).items == ()  # what has left is not new


async def test_a_forgotten_cursor_makes_a_whole_listing(graph: Graph, authority: Authority) -> None:
    graph.deliver(MAIL)
    async with opened(graph, authority) as mailbox:
        first = await mailbox.look()
        graph.forgotten.add("1-0")
        again = await mailbox.look(first.cursor)
        assert again.whole
        assert again.items == first.items


async def test_deleting_and_what_is_gone(graph: Graph, authority: Authority) -> None:
    graph.deliver(MAIL)
    async with opened(graph, authority, settlement=Settlement.DELETE) as mailbox:
        (item,) = (await mailbox.look()).items
        assert await mailbox.settle([item.key]) == [item.key]
        assert graph.messages == []
        assert await mailbox.fetch(item) == Gone(item.key)
        assert await mailbox.settle([item.key]) == [item.key]


async def test_a_mailbox_that_is_away_makes_no_message_gone(graph: Graph, authority: Authority) -> None:
    graph.deliver(MAIL)
    async with opened(graph, authority) as mailbox:
        (item,) = (await mailbox.look()).items
        graph.misbehave = lambda _: HttpReply(404, b'{"error": {"code": "MailboxNotEnabledForRESTAPI"}}')
        with pytest.raises(Unavailable):
            await mailbox.fetch(item)
        graph.misbehave = lambda r: HttpReply(404) if "/move" in r.target else None
        assert await mailbox.settle([item.key]) == []


async def test_a_folder_by_its_name_and_one_that_is_not_there(graph: Graph, authority: Authority) -> None:
    graph.folders["AAfolder="] = "Mary's letters"
    graph.deliver(MAIL, "AAfolder=")
    async with opened(graph, authority, folder="Mary's letters") as mailbox:
        assert len((await mailbox.look()).items) == 1
    async with opened(graph, authority, folder="Nowhere") as mailbox:
        with pytest.raises(Unavailable, match="no folder Nowhere"):
            await mailbox.look()


async def test_it_waits_when_told_to_and_asks_for_a_new_token_once(graph: Graph, authority: Authority) -> None:
    graph.deliver(MAIL)
    async with opened(graph, authority) as mailbox:
        await mailbox.look()
        graph.tokens.clear()
        busy = [HttpReply(429, b"", {"Retry-After": "0"}), HttpReply(503, b"", {"Retry-After": "1"})]
        graph.misbehave = lambda _: busy.pop() if busy else None
        assert len((await mailbox.look()).items) == 1
        graph.misbehave = lambda _: HttpReply(429, b"", {"Retry-After": "600"})
        with pytest.raises(Unavailable, match="left alone"):
            await mailbox.look()
        before = len(graph.requests)
        with pytest.raises(Unavailable, match="left alone"):
            await mailbox.look()
        assert len(graph.requests) == before


_ELSEWHERE = b'{"value": [], "@odata.nextLink": "https://evil.example/steal"}'


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(200, _ELSEWHERE),
        HttpReply(200, b'{"value": [], "@odata.nextLink": 7}'),
        HttpReply(200, b'{"value": [], "@odata.deltaLink": "https://localhost.evil.example/"}'),
        HttpReply(200, b'{"value": [{"id": "../../../me"}], "@odata.deltaLink": "x"}'),
        HttpReply(200, b'{"value": "none"}'),
        HttpReply(200, b"[" * 100_000),
        HttpReply(200, b"<html>"),
        HttpReply(200, b"x" * 9_000_000),
        HttpReply(200, b'{"value": []}', {"Content-Encoding": "gzip"}),
        HttpReply(200, b'{"value": [], "@odata.deltaLink"', cut=True),
        HttpReply(302, b"", {"Location": "https://evil.example/"}),
        HttpReply(403),
        HttpReply(500),
        HttpReply(504),
    ],
)
async def test_a_service_that_lies(graph: Graph, authority: Authority, reply: HttpReply) -> None:
    def lie(request: HttpRequest) -> HttpReply | None:
        return reply if "delta" in request.target else None

    graph.misbehave = lie
    async with opened(graph, authority) as mailbox:
        with pytest.raises(Unavailable) as failure:
            await mailbox.look()
    assert not {"4711", "evil", "html"} & set(str(failure.value).split())


async def test_a_list_without_end(graph: Graph, authority: Authority) -> None:
    link = f"{graph.origin}/v1.0/users/letters%40trust.example/mailFolders/inbox/messages/delta?$skiptoken=again"
    page = b'{"value": [], "@odata.nextLink": "%s"}' % link.encode()
    graph.misbehave = lambda request: HttpReply(200, page) if "delta" in request.target else None
    async with opened(graph, authority) as mailbox:
        with pytest.raises(Unavailable, match="does not end"):
            await mailbox.look()


async def test_a_message_that_is_cut_short_is_not_taken_for_whole(graph: Graph, authority: Authority) -> None:
    graph.deliver(MAIL)
    async with opened(graph, authority) as mailbox:
        (item,) = (await mailbox.look()).items
        graph.misbehave = lambda request: HttpReply(200, MAIL, cut=True) if "$value" in request.target else None
        with pytest.raises(Unavailable):
            await mailbox.fetch(item)


async def test_at_most_four_at_a_time(graph: Graph, authority: Authority) -> None:
    for n in range(12):
        graph.deliver(b"%d" % n)
    async with opened(graph, authority) as mailbox:
        keys = [item.key for item in (await mailbox.look()).items]
        graph.slow = 0.05
        assert sorted(await mailbox.settle(keys)) == sorted(keys)
    assert 2 <= graph.most_at_once <= 4


async def test_an_unknown_key_leads_nowhere_else(graph: Graph, authority: Authority) -> None:
    async with opened(graph, authority) as mailbox:
        assert await mailbox.fetch(MailboxItem("../../x?y=1")) == Gone("../../x?y=1")
    assert "%2F" in graph.requests[-1].target
