"""Serves an application over HTTPS in a worker process, on ports that the workers share."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import socket
import ssl
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from wardmail.model.message import TlsSession
from wardmail.model.refusal import Unavailable

_MOST_CONNECTIONS = 500
_BEFORE_REQUEST = 10.0
"""Seconds for a request's head to come; a client that trickles it is cut off."""

_FAREWELL = 10
"""Seconds for what is being answered when we are told to stop; a stream of events ends then."""


class _PatientProtocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        proved = transport.get_extra_info("ssl_object")
        if proved is not None:
            version, cipher = proved.version() or "", (proved.cipher() or ("",))[0]
            shown = proved.getpeercert(binary_form=True)  # checked by the handshake
            self.app_state = {
                **self.app_state,
                "tls": TlsSession(version, cipher, bool(proved.session_reused)),
                "client_certificate": hashlib.sha256(shown).digest() if shown else b"",
            }
        self._deadline = self.loop.call_later(_BEFORE_REQUEST, self._end_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def _end_if_silent(self) -> None:
        if getattr(self, "cycle", None) is None:
            self.transport.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The worker has its own way to be told to stop."""
        yield


class HttpsListener:
    """One for each process. Raises Unavailable when a port cannot be had."""

    def __init__(self, application: ASGIApp, context: ssl.SSLContext, endpoints: tuple[tuple[str, int], ...]) -> None:
        self._sockets = [_bound(host, port) for host, port in endpoints]
        config = uvicorn.Config(
            application,
            http=_PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=_FAREWELL,
        )
        config.load()
        config.ssl = context
        self._server = _Server(config)

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(each.getsockname()[1] for each in self._sockets)

    async def run(self) -> None:
        await self._server.serve(self._sockets)

    def stop(self) -> None:
        """No new connections; what is being answered is finished."""
        self._server.should_exit = True


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
        made.listen(1024)  # from now on who comes waits: we are called ready before the server has begun
        made.setblocking(False)
        return made
    except OSError as failure:
        raise Unavailable(f"{host} port {port}", failure) from failure
