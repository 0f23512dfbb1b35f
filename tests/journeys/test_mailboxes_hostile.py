"""IMAP and POP3 servers that lie, flood or stall: nothing is believed, nobody hangs, no secret is said twice."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.journeys.courier_kit import KnownSecrets, WallClock
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.line_server import answering
from wardmail.edges.mailboxes import guarded
from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.imap import ImapMailbox
from wardmail.edges.mailboxes.pop3 import Pop3Mailbox
from wardmail.edges.oauth import TokenSource
from wardmail.model.mailbox import Gone, MailboxAccount, MailboxKind
from wardmail.model.refusal import Unavailable
from wardmail.ports import Mailbox


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded.GuardedClient.run, "__defaults__", (1.5,))


def _imap(**changed: bytes) -> Callable[[bytes], bytes | None]:
    """A server that is well-behaved but for what a test changes; commands by name, `%t` stands for the tag."""
    replies = {
        b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\n%t OK done\r\n",
        b"LOGIN": b"%t OK in\r\n",
        b"NOOP": b"%t OK done\r\n",
        b"SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n%t OK [READ-WRITE]\r\n",
        b"SEARCH": b"* SEARCH 1\r\n%t OK done\r\n",
        b"FETCH": b"* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n%t OK done\r\n",
        b"LOGOUT": b"* BYE bye\r\n%t OK done\r\n",
    } | {name.upper().encode(): reply for name, reply in changed.items()}

    def answer(line: bytes) -> bytes | None:
        tag, _, rest = line.strip().partition(b" ")
        name = next((word for word in replies if re.search(rb"\b" + word + rb"\b", rest.upper())), b"")
        return replies.get(name, b"%t BAD what?\r\n").replace(b"%t", tag)

    return answer


def _open(kind: MailboxKind, port: int, authority: Authority) -> Mailbox:
    account = MailboxAccount(
        kind, "localhost", port, "user", "keystore:pw", ca_file=str(authority.ca_file), largest=100_000
    )
    secrets = KnownSecrets(pw=b"s3cret-4711")
    access = MailboxAccess(account, secrets, TokenSource(secrets, WallClock()))
    return ImapMailbox(account, access) if kind is MailboxKind.IMAP else Pop3Mailbox(account, access)


async def _fails(mailbox: Mailbox) -> str:
    with pytest.raises(Unavailable) as failure:
        listing = await mailbox.look()
        for item in listing.items:
            await mailbox.fetch(item)
    await mailbox.close()
    assert "s3cret-4711" not in str(failure.value)
    return str(failure.value)


async def test_a_well_behaved_one_for_comparison(authority: Authority) -> None:
    with answering(authority, b"* OK hello\r\n", _imap()) as (port, heard):
        mailbox = _open(MailboxKind.IMAP, port, authority)
        assert [item.key for item in (await mailbox.look()).items] == ["7.1"]
        await mailbox.close()
    assert sum(b"s3cret-4711" in line for line in heard) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"fetch": b"* 1 FETCH (UID 1 RFC822.SIZE {999999999999}\r\nx"},
        {"fetch": b"* 1 FETCH (UID 1 RFC822.SIZE {3000000}\r\n" + b"x" * 100},
        {"fetch": b"* 1 FETCH (UID 1 RFC822.SIZE ten)\r\n%t OK done\r\n"},
        {"search": b"* SEARCH one two\r\n%t OK done\r\n"},
        {"search": b"* SEARCH " + b"1 " * 600_000 + b"\r\n%t OK done\r\n"},
        {"search": b"* SEARCH 1\r\n"},
        {"select": b"%t OK done\r\n"},
        {"select": b"* OK [UIDVALIDITY x]\r\n%t OK done\r\n"},
        {"select": b"%t NO never\r\n"},
        {"login": b"* BYE\r\n"},
        {"login": b"garbage\r\n"},
        {"noop": b"\xff\xfe\x00\r\n"},
    ],
)
async def test_an_imap_server_that_lies_or_stalls(authority: Authority, changed: dict[str, bytes]) -> None:
    with answering(authority, b"* OK hello\r\n", _imap(**changed)) as (port, heard):
        mailbox = _open(MailboxKind.IMAP, port, authority)
        if "noop" in changed:
            await mailbox.look()
        await _fails(mailbox) if "noop" not in changed else await mailbox.close()
    assert sum(b"s3cret-4711" in line for line in heard) <= 2


async def test_a_server_that_leaves_one_out_makes_nobody_miss_it(authority: Authority) -> None:
    with answering(authority, b"* OK hello\r\n", _imap(fetch=b"* 1 FETCH (UID 2)\r\n%t OK done\r\n")) as (port, _):
        mailbox = _open(MailboxKind.IMAP, port, authority)
        (item,) = (await mailbox.look()).items
        assert (item.key, item.size) == ("7.1", None)
        assert isinstance(await mailbox.fetch(item), Gone)
        await mailbox.close()


async def test_a_body_that_is_longer_than_was_asked_for(authority: Authority) -> None:
    body = b"* 1 FETCH (UID 1 BODY[]<0> {1500000}\r\n" + b"x" * 1_500_000 + b")\r\n%t OK done\r\n"
    listed = _imap()

    def answer(line: bytes) -> bytes | None:
        return _imap(fetch=body)(line) if b"BODY.PEEK" in line else listed(line)

    with answering(authority, b"* OK hello\r\n", answer) as (port, _):
        assert "the mailbox user is unavailable" in await _fails(_open(MailboxKind.IMAP, port, authority))


@pytest.mark.parametrize(
    "greeting", [b"* PREAUTH hello\r\n", b"* BYE no\r\n", b"220 smtp here\r\n", b"* OK " + b"x" * 2_000_000, b""]
)
async def test_an_imap_greeting_that_is_none_hears_no_secret(authority: Authority, greeting: bytes) -> None:
    with answering(authority, greeting, _imap()) as (port, heard):
        await _fails(_open(MailboxKind.IMAP, port, authority))
    assert not any(b"s3cret" in line for line in heard)


def _pop3(**changed: bytes) -> Callable[[bytes], bytes | None]:
    replies = {
        b"USER": b"+OK\r\n",
        b"PASS": b"+OK\r\n",
        b"LIST": b"+OK\r\n1 10\r\n.\r\n",
        b"UIDL": b"+OK\r\n1 one\r\n.\r\n",
        b"RETR": b"+OK\r\nSubject: x\r\n\r\n..\r\n.\r\n",
        b"QUIT": b"+OK\r\n",
    } | {name.upper().encode(): reply for name, reply in changed.items()}
    return lambda line: replies.get(line.split()[0].upper() if line.split() else b"", b"-ERR what?\r\n")


async def test_a_well_behaved_pop3_server_for_comparison(authority: Authority) -> None:
    with answering(authority, b"+OK hello\r\n", _pop3()) as (port, _):
        mailbox = _open(MailboxKind.POP3, port, authority)
        (item,) = (await mailbox.look()).items
        assert await mailbox.fetch(item) == b"Subject: x\r\n\r\n.\r\n"
        await mailbox.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"list": b"+OK\r\n" + b"1 1\r\n" * 10},
        {"list": b"+OK\r\nx y\r\n.\r\n"},
        {"uidl": b"+OK\r\n1 same\r\n2 same\r\n.\r\n"},
        {"uidl": b"+OK\r\n1 " + b"k" * 300 + b"\r\n.\r\n"},
        {"uidl": b"-ERR no\r\n"},
        {"retr": b"+OK\r\n" + b"x" * 3_000_000},
        {"retr": b"+OK\r\n" + (b"x" * 70 + b"\r\n") * 20_000 + b".\r\n"},
        {"retr": b"+OK\r\nSubject: half\r\n"},
        {"user": b"\xff\r\n"},
        {"pass": b"-ERR no\r\n"},
    ],
)
async def test_a_pop3_server_that_lies_floods_or_stalls(
    authority: Authority, changed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from wardmail.edges.mailboxes import pop3

    monkeypatch.setattr(pop3, "_RETRIEVE", 2.0)
    with answering(authority, b"+OK hello\r\n", _pop3(**changed)) as (port, heard):
        mailbox = _open(MailboxKind.POP3, port, authority)
        if "list" in changed and b"x y" in changed["list"]:
            assert [item.size for item in (await mailbox.look()).items] == [0]
            await mailbox.close()
        else:
            await _fails(mailbox)
    assert sum(b"s3cret-4711" in line for line in heard) <= 2


@pytest.mark.parametrize("greeting", [b"-ERR no\r\n", b"220 smtp here\r\n", b"+OK " + b"x" * 2_000_000, b""])
async def test_a_pop3_greeting_that_is_none_hears_no_secret(authority: Authority, greeting: bytes) -> None:
    with answering(authority, greeting, _pop3()) as (port, heard):
        await _fails(_open(MailboxKind.POP3, port, authority))
    assert not any(b"s3cret" in line for line in heard)
