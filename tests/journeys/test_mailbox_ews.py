"""A mailbox by Exchange Web Services, at a server made from their documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from tests.journeys.courier_kit import KnownSecrets, WallClock
from tests.journeys.peers.ews import Exchange, fault
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.https_server import HttpReply, https_server
from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.ews import EwsMailbox
from wardmail.edges.oauth import TokenSource
from wardmail.model.mailbox import Gone, MailboxAccount, MailboxItem, MailboxKind, TooLarge
from wardmail.model.refusal import Unavailable
from wardmail.model.route import OAuthClient

MAIL = b"From: a@b.example\r\nSubject: hello\r\n\r\n.dot\r\n8bit \xff\r\n"


@dataclass
class At:
    exchange: Exchange
    port: int
    authority: Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def at(authority: Authority) -> Iterator[At]:
    exchange = Exchange()
    with https_server(authority.issue("localhost", "127.0.0.1"), exchange.answer) as port:
        yield At(exchange, port, authority)


@asynccontextmanager
async def opened(at: At, **changed: object) -> AsyncIterator[EwsMailbox]:
    account = MailboxAccount(
        MailboxKind.EWS, "localhost", at.port, at.exchange.user, "keystore:pw", ca_file=str(at.authority.ca_file)
    )
    account = replace(account, **changed)  # type: ignore[arg-type]
    secrets = KnownSecrets(pw=b"s3cret-4711")
    mailbox = EwsMailbox(account, MailboxAccess(account, secrets, TokenSource(secrets, WallClock(), account.ca_file)))
    try:
        yield mailbox
    finally:
        await mailbox.close()


async def test_every_octet_comes_and_moves_only_when_settled(at: At) -> None:
    at.exchange.page = 7
    for n in range(25):
        at.exchange.deliver(MAIL + b"%d" % n, kind="MeetingRequest" if n == 3 else "Message")
    at.exchange.deliver(b"elsewhere", "AQfolder=")
    async with opened(at) as mailbox:
        listing = await mailbox.look()
        assert listing.whole
        assert listing.items[0].size == len(MAIL) + 1
        assert {await mailbox.fetch(item) for item in listing.items} == {MAIL + b"%d" % n for n in range(25)}
        keys = [item.key for item in listing.items]
        assert await mailbox.settle(keys[:20]) == keys[:20]
        assert len(at.exchange.contents("Wardmail")) == 20
        assert await mailbox.settle(keys[:1]) == keys[:1]  # a second time harms nothing
        assert [item.key for item in (await mailbox.look()).items] == keys[20:]


async def test_a_later_look_tells_only_what_is_new_and_a_forgotten_state_everything(at: At) -> None:
    first_item = at.exchange.deliver(MAIL)
    async with opened(at) as mailbox:
        first = await mailbox.look()
        at.exchange.log.append(("ReadFlagChange", "inbox", first_item.id))
        at.exchange.deliver(MAIL + b"2")
        later = await mailbox.look(first.cursor)
        assert not later.whole
        assert [await mailbox.fetch(item) for item in later.items] == [MAIL + b"2"]
        at.exchange.forgotten = True
        again = await mailbox.look(later.cursor)
        assert again.whole
        assert len(again.items) == 2


async def test_an_application_acts_for_the_mailbox_by_token(at: At) -> None:
    at.exchange.deliver(MAIL)
    client = OAuthClient(f"https://localhost:{at.port}/token", "app", "keystore:pw", "s")
    async with opened(at, oauth=client) as mailbox:
        assert len((await mailbox.look()).items) == 1
        at.exchange.tokens.clear()
        assert len((await mailbox.look()).items) == 1
    async with opened(at, oauth=client, username="other@trust.example") as mailbox:
        with pytest.raises(Unavailable, match="ErrorImpersonateUserDenied"):
            await mailbox.look()


async def test_a_busy_server_is_left_alone(at: At) -> None:
    at.exchange.deliver(MAIL)
    busy = [fault("ErrorServerBusy", 300), fault("ErrorServerBusy", 700)]
    at.exchange.misbehave = lambda _: busy.pop() if busy else None
    async with opened(at) as mailbox:
        assert len((await mailbox.look()).items) == 1
        at.exchange.misbehave = lambda _: fault("ErrorServerBusy", 600_000)
        with pytest.raises(Unavailable, match="left alone"):
            await mailbox.look()
        before = len(at.exchange.requests)
        with pytest.raises(Unavailable, match="left alone"):
            await mailbox.look()
        assert len(at.exchange.requests) == before


async def test_a_message_over_the_limit_stays(at: At) -> None:
    at.exchange.deliver(b"x" * 200_000)
    at.exchange.deliver(b"x" * 1001)
    async with opened(at, largest=1000) as mailbox:
        items = (await mailbox.look()).items
        assert [await mailbox.fetch(item) for item in items] == [TooLarge(item.key, 1000) for item in items]


async def test_a_folder_by_its_path_and_one_that_is_not_there(at: At) -> None:
    at.exchange.folders["AQ1="] = 'Mary\'s "letters" & more'
    at.exchange.deliver(MAIL, "AQ1=")
    async with opened(at, folder='Mary\'s "letters" & more') as mailbox:
        assert len((await mailbox.look()).items) == 1
    async with opened(at, folder="Nowhere/Else") as mailbox:
        with pytest.raises(Unavailable, match="no folder Nowhere/Else"):
            await mailbox.look()


_BOMB = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "' + b"x" * 1000 + b'">]><lolz>&a;</lolz>'
_ENVELOPE = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%b</s:Body></s:Envelope>'


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(200, _BOMB),
        HttpReply(200, _BOMB.decode().encode("utf-16")),
        HttpReply(200, b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE x+AD4-'),
        HttpReply(200, _ENVELOPE % b""),
        HttpReply(200, _ENVELOPE % b"<x/>"),
        HttpReply(200, b"<html><body>log in here</body></html>"),
        HttpReply(200, b"<a>" * 500_000),
        HttpReply(200, b"x" * 9_000_000),
        HttpReply(200, _ENVELOPE % b"<x/>", cut=True),
        HttpReply(302, b"", {"Location": "https://evil.example/"}),
        HttpReply(403),
        HttpReply(502),
        fault("ErrorInternalServerError"),
    ],
)
async def test_a_service_that_lies(at: At, reply: HttpReply) -> None:
    at.exchange.misbehave = lambda _: reply
    async with opened(at) as mailbox:
        with pytest.raises(Unavailable) as failure:
            await mailbox.look()
    assert "evil" not in str(failure.value)
    assert "s3cret" not in str(failure.value)


async def test_answers_about_another_number_of_things(at: At) -> None:
    at.exchange.deliver(MAIL)
    async with opened(at) as mailbox:
        (item,) = (await mailbox.look()).items
        await mailbox.settle([])
        twice = at.exchange._GetItem
        at.exchange._GetItem = lambda asked: twice(asked) * 2  # type: ignore[method-assign]
        with pytest.raises(Unavailable, match="more than one"):
            await mailbox.fetch(item)


async def test_a_key_is_no_markup(at: At) -> None:
    async with opened(at) as mailbox:
        assert isinstance(await mailbox.fetch(MailboxItem('x"/><t:ItemId Id="y')), Gone)
