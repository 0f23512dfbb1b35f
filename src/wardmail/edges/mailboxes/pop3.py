"""Collects from a POP3 mailbox (RFC 1939) over TLS from the first byte; UIDL names messages, and QUIT deletes them."""

from __future__ import annotations

import asyncio
import contextlib
import poplib
import socket
import ssl
from collections.abc import Sequence

from wardmail.edges.mailboxes.access import LogInRefused, MailboxAccess
from wardmail.edges.mailboxes.guarded import GuardedClient
from wardmail.model.mailbox import Gone, Listing, MailboxAccount, MailboxItem, TooLarge
from wardmail.model.refusal import Unavailable
from wardmail.protocol.xoauth2 import initial_response

_REPLY = 30.0
_LONGEST_LINE = 1024 * 1024
_MOST_ITEMS = 200_000
_LONGEST_KEY = 200
_RETRIEVE = 600.0
"""Seconds for one message, however large."""


class _BoundedPop3(poplib.POP3_SSL):
    """The library refuses lines of more than 2,048 octets, which real mail has; and counts nothing else."""

    def __init__(self, account: MailboxAccount, context: ssl.SSLContext) -> None:
        self.left = account.largest
        super().__init__(account.host, account.port, timeout=_REPLY, context=context)

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(_LONGEST_LINE + 1)
        self.left -= len(line)
        if not line or len(line) > _LONGEST_LINE or self.left < 0:
            raise poplib.error_proto("no line, too long a line, or more than was allowed")
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)

    def authenticate(self, answer: bytes) -> None:
        """AUTH XOAUTH2 in two lines, as Exchange Online wants it. The library has no AUTH."""
        self._say(b"AUTH XOAUTH2")
        if not self._say(answer).startswith(b"+OK"):
            # The reason comes as one more challenge, which wants an empty answer before the refusal is said.
            self._say(b"")
            raise poplib.error_proto(b"-ERR the token is refused")

    def _say(self, line: bytes) -> bytes:
        self.sock.sendall(line + b"\r\n")
        reply, _ = self._getline()
        if not reply.startswith(b"+"):
            raise poplib.error_proto(reply)
        return reply

    def allow(self, octets: int) -> None:
        """How much the next command may answer."""
        self.left = octets


class Pop3Mailbox:
    """Implements `ports.Mailbox`. A session sees one state of the mailbox, so each look has one of its own."""

    def __init__(self, account: MailboxAccount, access: MailboxAccess) -> None:
        self._account = account
        self._access = access
        self._client: _BoundedPop3 | None = None
        self._numbers: dict[str, tuple[int, int]] = {}
        self._guarded = GuardedClient(
            f"the mailbox {account.username}", (poplib.error_proto, ssl.SSLError), self._socket
        )

    async def look(self, cursor: str = "") -> Listing:
        await self._quit()
        await self._open()
        items = await self._guarded.run(self._list)
        return Listing(tuple(items))

    async def fetch(self, item: MailboxItem) -> bytes | TooLarge | Gone:
        await self._open()
        if item.key not in self._numbers:
            await self._guarded.run(self._list)
        number, size = self._numbers.get(item.key, (0, 0))
        if not number:
            return Gone(item.key)
        if size > self._account.largest:
            return TooLarge(item.key, self._account.largest)
        return await self._guarded.run(lambda: self._retrieve(number), _RETRIEVE)

    async def settle(self, keys: Sequence[str]) -> Sequence[str]:
        """POP3 deletes at QUIT: a session that breaks before deletes nothing, and is tried again."""
        await self._quit()
        await self._open()
        await self._guarded.run(self._list)
        gone = [key for key in keys if key not in self._numbers]
        there = [key for key in keys if key in self._numbers]
        if there:
            await self._guarded.run(lambda: self._delete(there))
            self._client = None
        return [*gone, *there]

    async def watch(self, seconds: float) -> None:
        """There is no way to be told."""
        await self._quit()
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        with contextlib.suppress(Unavailable):
            await self._quit()
        self._guarded.close()

    def _socket(self) -> socket.socket | None:
        return self._client.sock if self._client is not None else None

    async def _open(self) -> None:
        if self._client is not None:
            return
        await self._connect()
        try:
            await self._access.log_in(self._offer)
        except Unavailable:
            self._guarded.drop()
            self._client = None
            raise

    async def _connect(self) -> None:
        context = self._access.context()
        self._numbers = {}
        self._client = await self._guarded.run(lambda: _BoundedPop3(self._account, context))

    async def _offer(self, secret: str) -> None:
        if await self._guarded.run(lambda: self._try(secret)):
            self._guarded.drop()
            await self._connect()
            raise LogInRefused

    def _try(self, secret: str) -> bool:
        """True when it was refused. A server that breaks off is no refusal."""
        client = self._pop
        try:
            if self._access.by_token:
                client.authenticate(initial_response(self._account.username, secret))
            else:
                _require_one_line(self._account.username, secret)
                client.user(self._account.username)
                client.pass_(secret)
        except poplib.error_proto as error:
            if isinstance(error.args[0], bytes) and error.args[0].startswith(b"-ERR"):
                return True
            raise
        return False

    def _list(self) -> list[MailboxItem]:
        self._pop.allow(_MOST_ITEMS * 300)
        sizes = dict(map(_pair, self._pop.list()[1][: _MOST_ITEMS + 1]))
        names = dict(map(_pair, self._pop.uidl()[1][: _MOST_ITEMS + 1]))
        if len(names) > _MOST_ITEMS:
            raise poplib.error_proto("more messages than a mailbox may have here")
        keys = list(names.values())
        if len(set(keys)) != len(keys) or any(not key or len(key) > _LONGEST_KEY for key in keys):
            raise poplib.error_proto("names that are not unique: nothing could be told apart")
        self._numbers = {key: (int(number), int(sizes.get(number, "0"))) for number, key in names.items()}
        return [MailboxItem(key, size) for key, (_, size) in self._numbers.items()]

    def _retrieve(self, number: int) -> bytes:
        """The library has undone the dots; lines go back together with CRLF, as RFC 1939 has them."""
        self._pop.allow(self._account.largest + _LONGEST_LINE)
        lines = self._pop.retr(number)[1]
        return b"\r\n".join([*lines, b""])

    def _delete(self, keys: list[str]) -> None:
        for key in keys:
            self._pop.dele(self._numbers[key][0])
        self._pop.quit()

    async def _quit(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Unavailable):
                await self._guarded.run(client.quit, 5.0)

    @property
    def _pop(self) -> _BoundedPop3:
        assert self._client is not None
        return self._client


def _require_one_line(*words: str) -> None:
    if any("\r" in word or "\n" in word or "\0" in word for word in words):
        raise ValueError("a user name or password with a line break would be a command of its own")


def _pair(line: bytes) -> tuple[str, str]:
    number, _, value = line.decode("ascii", "replace").strip().partition(" ")
    return number, value.split(" ")[0]
