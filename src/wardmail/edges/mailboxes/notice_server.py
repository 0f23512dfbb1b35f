"""Takes the notices of Microsoft Graph over HTTPS: echoes a token, wakes a mailbox, and believes nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from weakref import WeakValueDictionary

import h11

from wardmail.edges.mailboxes.graph_subscription import GraphSubscription
from wardmail.ports import Clock
from wardmail.protocol.graph_notice import LARGEST, read_notices, token_to_echo

_PATIENCE = 10.0
"""Seconds for a whole request. Graph itself gives up on an answer after that time."""

_MOST_CONNECTIONS = 64
_CHUNK = 16 * 1024


class NoticeServer:
    """`public` is the address that Graph is told, such as https://wardmail.trust.example/graph."""

    def __init__(self, public: str) -> None:
        self._public = public.rstrip("/")
        self._subscriptions: WeakValueDictionary[str, GraphSubscription] = WeakValueDictionary()
        self._server: asyncio.Server | None = None
        self._room = asyncio.Semaphore(_MOST_CONNECTIONS)

    def subscription(self, clock: Clock) -> GraphSubscription:
        """For one mailbox, with an address of its own that nobody can guess."""
        key = secrets.token_urlsafe(24)
        self._subscriptions[key] = made = GraphSubscription(clock, f"{self._public}/{key}")
        return made

    async def start(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Gives the port. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(
            self._serve,
            host,
            port,
            ssl=context,
            limit=_CHUNK,
            ssl_handshake_timeout=_PATIENCE,
            ssl_shutdown_timeout=2.0,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._room.locked():
                return
            async with self._room, asyncio.timeout(_PATIENCE):
                await self._converse(reader, writer)
        except (TimeoutError, OSError, h11.ProtocolError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_CHUNK)
        request: h11.Request | None = None
        body = b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(_CHUNK))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data) and len(body) + len(event.data) <= LARGEST:
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                status, words = self._answer(request, body)
                writer.write(_reply(connection, status, words))
                await writer.drain()
                return
            else:
                return

    def _answer(self, request: h11.Request, body: bytes) -> tuple[int, bytes]:
        path, _, query = request.target.decode("ascii", "replace").partition("?")
        subscription = self._subscriptions.get(path.rpartition("/")[2])
        if subscription is None or request.method != b"POST":
            return 404, b""
        token = token_to_echo(query)
        if token is not None:
            return 200, token.encode()
        notices = read_notices(body)
        if notices is None:
            return 400, b""
        # What does not know the state is answered alike: who guesses learns nothing.
        for notice in notices:
            subscription.hear(notice)
        return 202, b""


def _reply(connection: h11.Connection, status: int, body: bytes) -> bytes:
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    response = connection.send(h11.Response(status_code=status, headers=headers)) or b""
    return response + (connection.send(h11.Data(data=body)) or b"") + (connection.send(h11.EndOfMessage()) or b"")
