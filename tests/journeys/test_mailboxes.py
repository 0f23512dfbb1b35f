"""Mailboxes at a real Dovecot, by IMAP and POP3: every octet as it is kept there, settled only when told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journeys.courier_kit import KnownSecrets, WallClock
from tests.journeys.peers.dovecot_mail import MailDovecot, running_mailboxes
from tests.journeys.peers.ground import Authority
from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.imap import ImapMailbox
from wardmail.edges.mailboxes.pop3 import Pop3Mailbox
from wardmail.edges.oauth import TokenSource
from wardmail.model.mailbox import MailboxAccount, MailboxKind
from wardmail.model.refusal import Unavailable
from wardmail.ports import Mailbox

KINDS = [MailboxKind.IMAP, MailboxKind.POP3]
ODD = (
    b"From: a@b.example\r\nSubject: =?utf-8?q?h=C3=A9?=\r\n\r\n.dot\r\n..two\r\n"
    + b"x" * 5000
    + b"\r\n8bit \xff\xfe\r\n"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def dovecot(authority: Authority) -> Iterator[MailDovecot]:
    with running_mailboxes(authority) as made:
        yield made


def _account(dovecot: MailDovecot, authority: Authority, kind: MailboxKind, user: str) -> MailboxAccount:
    port = dovecot.imap if kind is MailboxKind.IMAP else dovecot.pop3
    return MailboxAccount(kind, "localhost", port, user, secret_ref="keystore:pw", ca_file=str(authority.ca_file))


@asynccontextmanager
async def opened(account: MailboxAccount, password: bytes = b"correct-horse") -> AsyncIterator[Mailbox]:
    secrets = KnownSecrets(pw=password)
    access = MailboxAccess(account, secrets, TokenSource(secrets, WallClock()))
    mailbox: Mailbox = (
        ImapMailbox(account, access) if account.kind is MailboxKind.IMAP else Pop3Mailbox(account, access)
    )
    try:
        yield mailbox
    finally:
        await mailbox.close()


async def test_idle_wakes_when_mail_comes(dovecot: MailDovecot, authority: Authority) -> None:
    dovecot.deliver("sleeper", "1", ODD)
    async with opened(_account(dovecot, authority, MailboxKind.IMAP, "sleeper")) as mailbox:
        assert len((await mailbox.look()).items) == 1
        watching = asyncio.create_task(mailbox.watch(60))
        await asyncio.sleep(1)
        assert not watching.done()
        dovecot.deliver("sleeper", "2", ODD)
        await asyncio.wait_for(watching, 35)
        assert len((await mailbox.look()).items) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_password_or_name_is_unavailable_and_told_to_nobody(
    dovecot: MailDovecot, authority: Authority, kind: MailboxKind
) -> None:
    account = _account(dovecot, authority, kind, "wrong")
    async with opened(account, b"guess-4711") as mailbox:
        with pytest.raises(Unavailable, match="refuses the log-in") as failure:
            await mailbox.look()
        assert "guess-4711" not in str(failure.value)
    async with opened(replace(account, ca_file=None)) as mailbox:
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            await mailbox.look()
    async with opened(replace(account, host="127.0.0.2")) as mailbox:
        with pytest.raises(Unavailable):
            await mailbox.look()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_password_that_was_changed_meanwhile_is_read_again(
    dovecot: MailDovecot, authority: Authority, kind: MailboxKind
) -> None:
    dovecot.deliver(f"changed-{kind.value}", "1", ODD)
    account = _account(dovecot, authority, kind, f"changed-{kind.value}")

    secrets = KnownSecrets(pw=b"the-old-one")
    secrets.changed["pw"] = b"correct-horse"
    access = MailboxAccess(account, secrets, TokenSource(secrets, WallClock()))
    mailbox: Mailbox = ImapMailbox(account, access) if kind is MailboxKind.IMAP else Pop3Mailbox(account, access)
    assert len((await mailbox.look()).items) == 1
    await mailbox.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_log_in_by_token(dovecot: MailDovecot, authority: Authority, kind: MailboxKind, tmp_path: Path) -> None:
    user = f"token-{kind.value}"
    dovecot.deliver(user, "1", ODD)
    dovecot.tokens["good-token"] = user

    class Tokens(MailboxAccess):
        async def secret(self, *, renew: bool = False) -> str:
            return "good-token" if renew else "stale-token"

        @property
        def by_token(self) -> bool:
            return True

    account = _account(dovecot, authority, kind, user)
    secrets = KnownSecrets()
    access = Tokens(account, secrets, TokenSource(secrets, WallClock()))
    mailbox: Mailbox = ImapMailbox(account, access) if kind is MailboxKind.IMAP else Pop3Mailbox(account, access)
    assert len((await mailbox.look()).items) == 1
    await mailbox.close()
