"""Opens a connection to an upstream as far as the first MAIL: greeting, EHLO, TLS, log-in."""

from __future__ import annotations

import asyncio
import os

from wardmail.edges.smtp_connection import ConnectionLost, SmtpConnection, TlsRefused
from wardmail.edges.upstream import CourierSettings, Upstream
from wardmail.edges.upstream_login import UpstreamLogin
from wardmail.edges.upstream_tls import UpstreamTls
from wardmail.model.delivery import AttemptTls, Deferred
from wardmail.model.refusal import Unavailable
from wardmail.model.route import TlsLevel, TlsMode
from wardmail.protocol.peer_features import read_features
from wardmail.protocol.peer_reply import ReplyLines


class SmtpOpener:
    """Makes connections for the pool."""

    def __init__(self, settings: CourierSettings, tls: UpstreamTls, login: UpstreamLogin) -> None:
        self._settings = settings
        self._tls = tls
        self._login = login

    async def open(self, upstream: Upstream) -> SmtpConnection | Deferred:
        """A connection on which MAIL may be sent, or why there is none."""
        connection = await self._connect(upstream)
        if isinstance(connection, Deferred):
            return connection
        try:
            stop = await self._introduce(connection, upstream)
        except TlsRefused as refusal:
            stop = _deferred(f"No trustworthy TLS with {upstream.host}: {refusal}.", "WM-TLS-REFUSED", "4.7.5")
        except ConnectionLost as lost:
            stop = _deferred(f"{upstream.host}: {lost}.", "WM-ROUTE-CONNECTION", "4.4.2")
        except Unavailable as unavailable:
            stop = _deferred(f"{unavailable}.", "WM-ROUTE-UNAVAILABLE", "4.3.5")
        except BaseException:
            connection.abort()
            raise
        if stop is None:
            return connection
        connection.quit()
        return stop

    async def _connect(self, upstream: Upstream) -> SmtpConnection | Deferred:
        loop = asyncio.get_running_loop()
        settings = self._settings
        try:
            async with asyncio.timeout(settings.connect_timeout):
                _, connection = await loop.create_connection(
                    lambda: SmtpConnection(settings, no_tls(upstream)), upstream.address, upstream.port
                )
        except TimeoutError:
            why = f"{upstream.host} did not answer within {settings.connect_timeout:g} seconds."
        except (OSError, UnicodeError) as error:
            why = f"No connection to {upstream.host} port {upstream.port}: {_os_words(error)}."
        else:
            return connection
        return _deferred(why, "WM-ROUTE-CONNECTION", "4.4.1")

    async def _introduce(self, connection: SmtpConnection, upstream: Upstream) -> Deferred | None:
        if upstream.tls_mode is TlsMode.IMPLICIT:
            connection.tls = await self._tls.begin(connection, upstream)
        greeting = await connection.greeting()
        if greeting.code != 220:
            return _turned_away(greeting)
        stop = await self._say_ehlo(connection)
        if stop is None and upstream.tls_mode is TlsMode.STARTTLS:
            stop = await self._upgrade(connection, upstream)
        return stop or await self._login.log_in(connection, upstream)

    async def _say_ehlo(self, connection: SmtpConnection) -> Deferred | None:
        reply = await connection.ask(b"EHLO " + self._settings.helo.encode("ascii") + b"\r\n")
        if reply.code != 250:
            return _turned_away(reply)
        connection.features = read_features(reply)
        return None

    async def _upgrade(self, connection: SmtpConnection, upstream: Upstream) -> Deferred | None:
        if not connection.features.starttls or not upstream.tls.is_tried:
            if upstream.tls.level is TlsLevel.NONE:
                return None
            why = f"{upstream.host} does not offer STARTTLS, and this mail may only go over TLS. Nothing was sent."
            return _deferred(why, "WM-ROUTE-NO-TLS", "4.7.4")
        reply = await connection.ask(b"STARTTLS\r\n")
        if reply.code != 220:
            why = f"{upstream.host} offers STARTTLS but would not start it. Nothing was sent."
            return Deferred(why, reply.for_people(), counts=False, error="WM-ROUTE-NO-TLS", status="4.7.4")
        connection.tls = await self._tls.begin(connection, upstream)
        # RFC 3207 section 4.2: what was offered before TLS is forgotten.
        return await self._say_ehlo(connection)


def no_tls(upstream: Upstream) -> AttemptTls:
    return AttemptTls(upstream.tls.level, TlsLevel.NONE, proof="no TLS")


def _turned_away(reply: ReplyLines) -> Deferred:
    # A 5xx here is about us or the route, not about the message: it stays in the queue.
    why = "The server turned the connection away."
    return Deferred(why, reply.for_people(), counts=False, error="WM-ROUTE-REFUSED", status="4.3.2")


def _deferred(why: str, error: str, status: str) -> Deferred:
    return Deferred(why, counts=False, error=error, status=status)


def _os_words(error: OSError | UnicodeError) -> str:
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
