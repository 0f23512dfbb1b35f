"""Collects from an IMAP mailbox (RFC 9051, RFC 3501) over TLS from the first byte; IDLE where the server has it."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any

from imapclient import IMAPClient, tls
from imapclient.exceptions import IMAPClientError, LoginError

from wardmail.edges.mailboxes.access import LogInRefused, MailboxAccess
from wardmail.edges.mailboxes.guarded import GuardedClient
from wardmail.model.mailbox import Gone, Listing, MailboxAccount, MailboxItem, Settlement, TooLarge
from wardmail.model.refusal import Unavailable

_CHUNK = 1024 * 1024
_LARGEST_LITERAL = 2 * _CHUNK
_MOST_ITEMS = 200_000
_BATCH = 500
_REPLY = 30.0
_LONGEST_IDLE = 28 * 60.0  # RFC 2177: less than half an hour

logging.getLogger("imapclient").setLevel(logging.WARNING)  # below that it writes down what is said


class _BoundedImap(tls.IMAP4_TLS):  # type: ignore[misc]
    """A server that announces a literal of a terabyte is not believed."""

    def read(self, size: int) -> bytes:
        if size > _LARGEST_LITERAL:
            raise self.abort(f"a literal of {size} octets")
        return bytes(super().read(size))


class _Client(IMAPClient):  # type: ignore[misc]
    def _create_IMAP4(self) -> Any:  # noqa: N802 (the library's name)
        return _BoundedImap(self.host, self.port, self.ssl_context, getattr(self._timeout, "connect", None))


class ImapMailbox:
    """Implements `ports.Mailbox`.

    Keys are `UIDVALIDITY.UID`: when the server starts its numbers anew, the keys are new too.
    """

    def __init__(self, account: MailboxAccount, access: MailboxAccess) -> None:
        self._account = account
        self._access = access
        self._client: _Client | None = None
        self._validity = 0
        self._guarded = GuardedClient(f"the mailbox {account.username}", (IMAPClientError, ssl.SSLError), self._socket)

    async def look(self, cursor: str = "") -> Listing:
        await self._open()
        return await self._guarded.run(self._list)

    async def fetch(self, item: MailboxItem) -> bytes | TooLarge | Gone:
        await self._open()
        uid = self._uid(item.key)
        if uid is None:
            return Gone(item.key)
        parts: list[bytes] = []
        while True:
            start = len(parts) * _CHUNK
            part = await self._guarded.run(lambda: self._part(uid, start))  # noqa: B023 (run before the next round)
            if part is None:
                return Gone(item.key)
            parts.append(part)
            if sum(map(len, parts)) > self._account.largest:
                return TooLarge(item.key, self._account.largest)
            if len(part) < _CHUNK:
                return b"".join(parts)

    async def settle(self, keys: Sequence[str]) -> Sequence[str]:
        await self._open()
        uids = {uid: key for key in keys if (uid := self._uid(key)) is not None}
        # A name of before the numbers began anew names nothing: what it named is settled by its new name.
        gone = [key for key in keys if self._uid(key) is None]
        if uids:
            await self._guarded.run(lambda: self._settle(list(uids)))
            left = await self._guarded.run(lambda: set(self._imap.search("ALL")))
            gone += [key for uid, key in uids.items() if uid not in left]
        return gone

    async def watch(self, seconds: float) -> None:
        await self._open()
        patience = min(seconds, _LONGEST_IDLE)
        await self._guarded.run(lambda: self._wait(patience), patience + _REPLY)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Unavailable):
                await self._guarded.run(client.logout, 5.0)
        self._guarded.close()

    @property
    def _imap(self) -> _Client:
        assert self._client is not None
        return self._client

    def _socket(self) -> socket.socket | None:
        try:
            return self._client.socket() if self._client is not None else None
        except (AttributeError, OSError):
            return None

    async def _open(self) -> None:
        if self._client is not None:
            try:
                await self._guarded.run(self._client.noop)
            except Unavailable:
                self._client = None
            else:
                return
        context = self._access.context()
        self._client = await self._guarded.run(lambda: self._connect(context))
        try:
            await self._access.log_in(self._offer)
            await self._guarded.run(self._select)
        except Unavailable:
            self._guarded.drop()
            self._client = None
            raise

    def _connect(self, context: ssl.SSLContext) -> _Client:
        client = _Client(self._account.host, self._account.port, ssl_context=context, timeout=_REPLY)
        if client._imap.state != "NONAUTH":
            client.shutdown()
            raise IMAPClientError("the server greets as if we were logged in already")
        return client

    async def _offer(self, secret: str) -> None:
        refused = await self._guarded.run(lambda: self._try(secret))
        if refused:
            # A connection that refused once is not used again: the next attempt has one of its own.
            context = self._access.context()
            self._guarded.drop()
            self._client = await self._guarded.run(lambda: self._connect(context))
            raise LogInRefused

    def _try(self, secret: str) -> bool:
        try:
            if self._access.by_token:
                self._imap.oauth2_login(self._account.username, secret)
            else:
                self._imap.login(self._account.username, secret)
        except LoginError:
            return True
        return False

    def _select(self) -> None:
        self._validity = int(self._imap.select_folder(self._account.folder)[b"UIDVALIDITY"])

    def _list(self) -> Listing:
        self._select()  # the server may have begun its numbers anew since
        uids = self._imap.search("ALL")
        if len(uids) > _MOST_ITEMS:
            raise IMAPClientError("more messages than a mailbox may have here")
        items = []
        for start in range(0, len(uids), _BATCH):
            batch = uids[start : start + _BATCH]
            found = self._imap.fetch(batch, ["RFC822.SIZE"])
            # Each is listed, whatever the server says of it: what is left out here would be missed by nobody.
            items += [MailboxItem(f"{self._validity}.{uid}", _size(found.get(uid, {}))) for uid in batch]
        return Listing(tuple(items))

    def _part(self, uid: int, start: int) -> bytes | None:
        found = self._imap.fetch([uid], [f"BODY.PEEK[]<{start}.{_CHUNK}>"])
        if uid not in found:
            return None
        body = next((value for name, value in found[uid].items() if name.startswith(b"BODY[]")), None)
        if not isinstance(body, bytes) or len(body) > _CHUNK:
            raise IMAPClientError("the server answered with another part than was asked for")
        return body

    def _settle(self, uids: list[int]) -> None:
        client, done = self._imap, self._account.done_folder
        if self._account.settlement is Settlement.DELETE:
            client.delete_messages(uids)
            self._expunge(uids)
            return
        if not client.folder_exists(done):
            client.create_folder(done)
        if client.has_capability("MOVE"):
            client.move(uids, done)
            return
        client.copy(uids, done)
        client.delete_messages(uids)
        self._expunge(uids)

    def _expunge(self, uids: list[int]) -> None:
        """Only ours: what another client marked as deleted is none of our business (UIDPLUS)."""
        if not self._imap.has_capability("UIDPLUS"):
            raise IMAPClientError("the server can neither move a message nor expunge one alone")
        self._imap.uid_expunge(uids)

    def _wait(self, seconds: float) -> None:
        client = self._imap
        if not client.has_capability("IDLE"):
            time.sleep(min(seconds, 60.0))
            client.noop()
            return
        client.idle()
        try:
            client.idle_check(timeout=seconds)
        finally:
            client.idle_done()

    def _uid(self, key: str) -> int | None:
        """None for a key of before the server began its numbers anew."""
        validity, _, uid = key.partition(".")
        return int(uid) if validity == str(self._validity) and uid.isdigit() else None


def _size(fields: dict[bytes, Any]) -> int | None:
    size = fields.get(b"RFC822.SIZE")
    return size if isinstance(size, int) else None
