"""Names of messages in an IMAP mailbox whose server has begun its numbers anew."""

from __future__ import annotations

from typing import Any

import pytest

from wardmail.edges.mailboxes.imap import ImapMailbox
from wardmail.model.mailbox import MailboxAccount, MailboxKind


async def test_names_of_before_are_settled_so_that_they_stand_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    access: Any = None
    mailbox = ImapMailbox(MailboxAccount(MailboxKind.IMAP, "localhost", 993, "a"), access)

    async def opened(self: ImapMailbox) -> None:
        self._validity = 8

    monkeypatch.setattr(ImapMailbox, "_open", opened)
    assert await mailbox.settle(["7.1", "7.2"]) == ["7.1", "7.2"]
    await mailbox.close()
