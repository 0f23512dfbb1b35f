"""What a mailbox is opened with: a password, or a token; read anew, once, when the service refused it."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from ssl import SSLContext

from wardmail.edges.oauth import TokenSource
from wardmail.edges.secret_threads import reveal_apart
from wardmail.edges.tls import verifying_context
from wardmail.model.delivery import Deferred
from wardmail.model.mailbox import MailboxAccount
from wardmail.model.refusal import Unavailable
from wardmail.ports import Secrets


class LogInRefused(Exception):
    """The service knows no such account or secret. Never holds what was offered."""


Offer = Callable[[str], Awaitable[None]]
"""Tries one secret or token; raises LogInRefused."""


class MailboxAccess:
    def __init__(self, account: MailboxAccount, secrets: Secrets, tokens: TokenSource) -> None:
        self._account = account
        self._secrets = secrets
        self._tokens = tokens

    @property
    def by_token(self) -> bool:
        return self._account.oauth is not None

    def context(self) -> SSLContext:
        """TLS 1.2 or later with the approved suites, name verified. Raises Unavailable for a CA file."""
        ca_file = self._account.ca_file
        try:
            return verifying_context(Path(ca_file) if ca_file else None)
        except OSError as error:
            raise Unavailable(f"certificate authorities {ca_file}", error.strerror) from error

    async def log_in(self, offer: Offer) -> None:
        """Raises Unavailable when the service refuses the newest secret as well."""
        secret = await self.secret()
        try:
            return await offer(secret)
        except LogInRefused:
            newer = await self.secret(renew=True)
            if hmac.compare_digest(newer.encode(), secret.encode()):
                raise Unavailable(f"the mailbox {self._account.username}", "it refuses the log-in") from None
        try:
            await offer(newer)
        except LogInRefused:
            raise Unavailable(f"the mailbox {self._account.username}", "it refuses the log-in") from None

    async def secret(self, *, renew: bool = False) -> str:
        """The password, or a token. `renew`: the one that we had did not serve."""
        if self._account.oauth is not None:
            token = await self._tokens.token_of(self._account.oauth, renew=renew)
            if isinstance(token, Deferred):
                raise Unavailable(f"a token for {self._account.username}", token.why)
            return token
        if renew:
            self._secrets.forget(self._account.secret_ref)
        return (await reveal_apart(self._secrets, self._account.secret_ref)).decode()
