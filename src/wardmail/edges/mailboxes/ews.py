"""Collects from a mailbox by Exchange Web Services, as on-premises Exchange has it (gone from Exchange Online in April 2027)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.ews_calls import EwsCalls
from wardmail.edges.mailboxes.ews_folders import EwsFolders
from wardmail.model.mailbox import Gone, Listing, MailboxAccount, MailboxItem, Settlement, TooLarge
from wardmail.protocol import ews

_MOST_ITEMS = 200_000
_MOST_PAGES = 1_000
_BATCH = 100
_POLL = 60.0
_RETRIEVE = 600.0
_FORGOTTEN = frozenset({"ErrorInvalidSyncStateData", "ErrorSyncFolderNotFound"})
_AWAY = "ErrorItemNotFound"


class EwsMailbox:
    """Implements `ports.Mailbox`. A cursor is the service's state of the folder.

    With a token the application acts for the mailbox of that address; with a password it is the account's own mailbox.
    A move gives an item a new ID: what somebody puts back into the folder is read again, and known by its octets.
    """

    def __init__(self, account: MailboxAccount, access: MailboxAccess) -> None:
        self._account = account
        self._calls = EwsCalls(account, access)
        self._folders = EwsFolders(self._calls)

    async def look(self, cursor: str = "") -> Listing:
        if cursor:
            listing = await self._changes(cursor)
            if listing is not None:
                return replace(listing, whole=False)
        self._folders.forget()
        listing = await self._changes("")
        if listing is None:
            raise self._calls.unavailable("it has forgotten what it just began to list")
        return listing

    async def fetch(self, item: MailboxItem) -> bytes | TooLarge | Gone:
        largest = self._account.largest
        in_base64 = largest * 4 // 3 + largest // 32  # with its line ends
        told = await self._calls.ask_within(ews.content_of(item.key), in_base64 + 64 * 1024, _RETRIEVE)
        if told is None:
            return TooLarge(item.key, largest)
        if len(told) != 1:
            raise self._calls.unavailable("it told of more than one message")
        if told[0].code == _AWAY:
            return Gone(item.key)
        content = self._calls.read(ews.read_content, told[0])
        return content if len(content) <= largest else TooLarge(item.key, largest)

    async def settle(self, keys: Sequence[str]) -> Sequence[str]:
        moves = self._account.settlement is Settlement.MOVE
        folder = await self._folders.made(self._account.done_folder) if moves and keys else ""
        settled: list[str] = []
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            told = await self._calls.ask(ews.move(batch, folder) if moves else ews.delete(batch), len(batch))
            settled += [key for key, each in zip(batch, told, strict=True) if each.done or each.code == _AWAY]
        return settled

    async def watch(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, _POLL))

    async def close(self) -> None:
        await self._calls.service.close()

    async def _changes(self, state: str) -> Listing | None:
        """All pages of one round; None when the service has forgotten the state."""
        folder = await self._folders.id_of(self._account.folder)
        found: dict[str, MailboxItem] = {}
        for _ in range(_MOST_PAGES):
            (told,) = await self._calls.ask(ews.changes_since(folder, state))
            if state and told.code in _FORGOTTEN:
                return None
            page = self._calls.read(ews.read_changes, told)
            found |= {key: MailboxItem(key, size) for key, size in page.present}
            for key in page.left:
                found.pop(key, None)
            if page.last:
                return Listing(tuple(found.values()), page.state)
            if page.state == state or len(found) > _MOST_ITEMS:
                break
            state = page.state
        raise self._calls.unavailable("its list does not end")
