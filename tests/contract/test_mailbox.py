"""What every mailbox promises, whatever protocol reads it: nothing lost, nothing changed, nothing settled early."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

import pytest

from tests.journeys.courier_kit import KnownSecrets, WallClock
from tests.journeys.peers.dovecot_mail import MailDovecot, running_mailboxes
from tests.journeys.peers.ews import Exchange
from tests.journeys.peers.graph import Graph
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.https_server import https_server
from wardmail.edges.mailboxes.opening import MailboxDoor
from wardmail.model.mailbox import Gone, MailboxAccount, MailboxItem, MailboxKind, Settlement, TooLarge
from wardmail.model.refusal import Unavailable
from wardmail.model.route import OAuthClient
from wardmail.ports import Mailbox

ODD = b"From: a@b.example\r\nSubject: =?utf-8?q?h=C3=A9?=\r\n\r\n.dot\r\n..two\r\n" + b"x" * 5000 + b"\r\n\xff\xfe\r\n"
LARGE = b"Subject: large\r\n\r\n" + (b"y" * 76 + b"\r\n") * 40_000
SECRET = b"correct-horse"


@dataclass
class Service:
    """One mailbox at a real server, or at one made from the vendor's documentation."""

    account: MailboxAccount
    deliver: Callable[[bytes], object]
    kept: Callable[[], list[bytes]]
    done: Callable[[], list[bytes]]
    secret: bytes = SECRET


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def dovecot(authority: Authority) -> Iterator[MailDovecot]:
    with running_mailboxes(authority) as made:
        yield made


def _at_dovecot(dovecot: MailDovecot, authority: Authority, kind: MailboxKind, user: str) -> Service:
    port = dovecot.imap if kind is MailboxKind.IMAP else dovecot.pop3
    account = MailboxAccount(kind, "localhost", port, user, "keystore:pw", ca_file=str(authority.ca_file))
    return Service(
        account,
        lambda message: dovecot.deliver(user, str(len(dovecot.kept(user)) + 1), message),
        lambda: dovecot.kept(user),
        lambda: dovecot.kept(user, "Wardmail"),
    )


@contextmanager
def _at_graph(authority: Authority) -> Iterator[Service]:
    graph = Graph()
    with https_server(authority.issue("localhost", "127.0.0.1"), graph.answer) as port:
        graph.origin = f"https://localhost:{port}"
        client = OAuthClient(f"{graph.origin}/tenant/oauth2/v2.0/token", "app", "keystore:pw", "s")
        account = MailboxAccount(MailboxKind.GRAPH, "localhost", port, graph.user, oauth=client)
        account = replace(account, ca_file=str(authority.ca_file))
        yield Service(
            account, graph.deliver, lambda: graph.contents("Inbox"), lambda: graph.contents("Wardmail"), graph.secret
        )


@contextmanager
def _at_exchange(authority: Authority) -> Iterator[Service]:
    exchange = Exchange()
    with https_server(authority.issue("localhost", "127.0.0.1"), exchange.answer) as port:
        account = MailboxAccount(MailboxKind.EWS, "localhost", port, exchange.user, "keystore:pw")
        account = replace(account, ca_file=str(authority.ca_file))
        yield Service(
            account,
            exchange.deliver,
            lambda: exchange.contents("inbox"),
            lambda: exchange.contents("Wardmail"),
            exchange.password.encode(),
        )


@pytest.fixture(params=list(MailboxKind))
def service(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Service]:
    match request.param:
        case MailboxKind.GRAPH:
            with _at_graph(authority) as made:
                yield made
        case MailboxKind.EWS:
            with _at_exchange(authority) as made:
                yield made
        case kind:
            user = f"{request.node.originalname}-{kind.value}"
            yield _at_dovecot(request.getfixturevalue("dovecot"), authority, kind, user)


@asynccontextmanager
async def opened(service: Service, secret: bytes = b"", **changed: object) -> AsyncIterator[Mailbox]:
    secrets = KnownSecrets(pw=secret or service.secret)
    account = replace(service.account, **changed)  # type: ignore[arg-type]
    mailbox = MailboxDoor(secrets, WallClock()).open(account)
    try:
        yield mailbox
    finally:
        await mailbox.close()


async def test_every_octet_comes_as_it_is_kept_and_stays_until_it_is_settled(service: Service) -> None:
    messages = {ODD, LARGE, b"Subject: three\r\n\r\n\r\n"}
    for message in messages:
        service.deliver(message)
    async with opened(service, settlement=Settlement.DELETE) as mailbox:
        listing = await mailbox.look()
        assert listing.whole
        assert {await mailbox.fetch(item) for item in listing.items} == messages
        again = await mailbox.look()
        assert [item.key for item in again.items] == [item.key for item in listing.items]
        assert len(service.kept()) == 3
        first, *others = [item.key for item in listing.items]
        assert await mailbox.settle([first]) == [first]
        assert [item.key for item in (await mailbox.look()).items] == others
        assert isinstance(await mailbox.fetch(MailboxItem(first)), Gone)
        assert await mailbox.settle([first]) in ([first], [])  # a second time harms nothing
        assert await mailbox.settle([]) == []
    assert len(service.kept()) == 2


async def test_what_is_done_is_moved_to_a_folder_that_is_made(service: Service) -> None:
    if service.account.kind is MailboxKind.POP3:
        return  # it has no folders, and deletes
    service.deliver(ODD)
    async with opened(service) as mailbox:
        (item,) = (await mailbox.look()).items
        assert await mailbox.settle([item.key]) == [item.key]
        assert (await mailbox.look()).items == ()
    assert (service.kept(), service.done()) == ([], [ODD])


async def test_a_look_after_a_cursor_misses_nothing_that_came_since(service: Service) -> None:
    service.deliver(ODD)
    async with opened(service) as mailbox:
        first = await mailbox.look()
        service.deliver(LARGE)
    async with opened(service) as mailbox:  # another process, after a restart
        later = await mailbox.look(first.cursor)
        found = [await mailbox.fetch(item) for item in later.items]
        assert found == ([ODD, LARGE] if later.whole else [LARGE])
        assert {item.key for item in (await mailbox.look()).items} >= {item.key for item in first.items}


async def test_keys_are_the_same_for_the_next_process(service: Service) -> None:
    service.deliver(ODD)
    async with opened(service) as mailbox:
        before = (await mailbox.look()).items
    async with opened(service) as mailbox:
        assert [item.key for item in (await mailbox.look()).items] == [item.key for item in before]


async def test_a_message_over_the_limit_stays(service: Service) -> None:
    service.deliver(ODD)
    async with opened(service, largest=1000) as mailbox:
        (item,) = (await mailbox.look()).items
        assert await mailbox.fetch(item) == TooLarge(item.key, 1000)
    assert service.kept() == [ODD]


async def test_a_wrong_secret_is_unavailable_and_told_to_nobody(service: Service) -> None:
    async with opened(service, b"guess-4711") as mailbox:
        with pytest.raises(Unavailable) as failure:
            await mailbox.look()
    assert "guess-4711" not in f"{failure.value!r} {failure.value.__cause__!r}"


async def test_a_certificate_that_nobody_vouches_for_or_of_another_name(service: Service) -> None:
    async with opened(service, ca_file=None) as mailbox:
        with pytest.raises(Unavailable):
            await mailbox.look()
    async with opened(service, host="127.0.0.2") as mailbox:
        with pytest.raises(Unavailable):
            await mailbox.look()


async def test_watching_ends_when_the_time_is_over(service: Service) -> None:
    async with opened(service) as mailbox:
        await mailbox.look()
        await mailbox.watch(0.1)
        assert (await mailbox.look()).items == ()
