"""Logs in to an upstream: only over verified TLS, and only by the configured mechanism."""

from __future__ import annotations

import base64
import hmac

from wardmail.edges.oauth import TokenSource
from wardmail.edges.secret_threads import reveal_apart
from wardmail.edges.smtp_connection import SmtpConnection
from wardmail.edges.upstream import Upstream
from wardmail.model.delivery import Deferred
from wardmail.model.route import AuthMechanism, Route, TlsLevel
from wardmail.ports import Secrets
from wardmail.protocol.peer_reply import ReplyLines
from wardmail.protocol.xoauth2 import initial_response


class UpstreamLogin:
    """Knows where a route's secret is, and how to prove that we have it."""

    def __init__(self, secrets: Secrets, tokens: TokenSource) -> None:
        self._secrets = secrets
        self._tokens = tokens

    async def log_in(self, connection: SmtpConnection, upstream: Upstream) -> Deferred | None:
        """None when the route is logged in, or needs no log-in. Raises ConnectionLost, and Unavailable for a secret."""
        route = upstream.route
        # The credentials belong to the configured host; whoever an MX record names must never see them.
        if route.auth is AuthMechanism.NONE or upstream.host != route.host:
            return None
        if connection.tls.achieved is not TlsLevel.VERIFIED:
            return _stop("Credentials are sent over verified TLS only.", "WM-TLS-UNVERIFIED", "4.7.5")
        mechanism = route.auth.value.upper()
        if mechanism not in connection.features.mechanisms:
            why = f"The upstream no longer offers AUTH {mechanism}. Nothing was sent: ask whoever runs it."
            return _stop(why, "WM-ROUTE-NO-AUTH", "4.7.4")
        if route.auth is AuthMechanism.XOAUTH2:
            return await self._by_token(connection, route)
        return await self._by_password(connection, route)

    async def _by_password(self, connection: SmtpConnection, route: Route) -> Deferred | None:
        """The secret may have been changed in its store since we read it: what was kept is read again, once."""
        password = await reveal_apart(self._secrets, route.secret_ref)
        reply = await _offer_password(connection, route, password)
        if reply.code == 535:
            self._secrets.forget(route.secret_ref)
            newer = await reveal_apart(self._secrets, route.secret_ref)
            if not hmac.compare_digest(newer, password):
                reply = await _offer_password(connection, route, newer)
        return _judge(reply)

    async def _by_token(self, connection: SmtpConnection, route: Route) -> Deferred | None:
        # A token may have been withdrawn before its time: the second try brings a new one.
        for is_second_try in (False, True):
            token = await self._tokens.token_for(route, renew=is_second_try)
            if isinstance(token, Deferred):
                return token
            answer = initial_response(route.username, token)
            reply = await connection.ask(b"AUTH XOAUTH2 " + answer + b"\r\n")
            if reply.code == 334:
                # An error report in base64; it must be answered with an empty line before the 535 comes.
                reply = await connection.ask(b"\r\n")
            if reply.code != 535:
                break
        return _judge(reply)


async def _offer_password(connection: SmtpConnection, route: Route, password: bytes) -> ReplyLines:
    if route.auth is AuthMechanism.PLAIN:
        answer = base64.b64encode(b"\0" + route.username.encode() + b"\0" + password)
        return await connection.ask(b"AUTH PLAIN " + answer + b"\r\n")
    return await _login_exchange(connection, route.username.encode(), password)


async def _login_exchange(connection: SmtpConnection, username: bytes, password: bytes) -> ReplyLines:
    reply = await connection.ask(b"AUTH LOGIN\r\n")
    for secret in (username, password):
        if reply.code != 334:
            break
        reply = await connection.ask(base64.b64encode(secret) + b"\r\n")
    return reply


def _judge(reply: ReplyLines) -> Deferred | None:
    if reply.code == 235:
        return None
    if 400 <= reply.code < 500:
        why = "The upstream cannot check the log-in just now."
    else:
        why = "The upstream refused the log-in of this route. Check its user name and secret; the mail is kept."
    words = reply.for_people()
    status = f"4{words.status[1:]}" if words.status else "4.7.8"
    return Deferred(why, words, counts=False, error="WM-ROUTE-AUTH", status=status)


def _stop(why: str, error: str, status: str) -> Deferred:
    return Deferred(why, counts=False, error=error, status=status)
