"""Calls a mail service over HTTPS as a considerate client: few at a time, quiet when told to be, and never believed too far."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2

from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.model.mailbox import MailboxAccount
from wardmail.model.refusal import Unavailable

AT_ONCE = 4
"""Requests at a time for one mailbox: what Exchange Online allows an application."""

_TRIES = 4
_PATIENCE = 30.0
"""Seconds that a call waits out a "try again later"; what is longer is for the next round."""

_LONGEST_QUIET = 3600.0
_BUSY = {429, 503}
_TIMEOUT = httpx2.Timeout(30.0, pool=None)


@dataclass(frozen=True, slots=True)
class WebRequest:
    """`target` is a path at the account's host; `limit` how many octets of answer are wanted at most."""

    method: str
    target: str
    limit: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """`whole` is false when there was more than the limit; then `body` is empty. `quiet` is Retry-After in seconds."""

    status: int
    body: bytes
    whole: bool = True
    quiet: float = 0.0


class WebService:
    """One mailbox's connections. Log-in is by bearer token where the account has an OAuth client, else basic."""

    def __init__(self, account: MailboxAccount, access: MailboxAccess) -> None:
        self.name = f"the mailbox {account.username}"
        self.origin = f"https://{account.host}" + ("" if account.port == 443 else f":{account.port}")
        self._account = account
        self._access = access
        self._room = asyncio.Semaphore(AT_ONCE)
        self._client: httpx2.AsyncClient | None = None
        self._quiet_until = 0.0

    async def ask(self, request: WebRequest) -> WebAnswer:
        """Answers 2xx and those 4xx that are about what was asked for.

        Raises Unavailable when the service fails, refuses the log-in, redirects, or wants to be left alone for long.
        """
        renew = False
        for _ in range(_TRIES):
            await self._wait_until_welcome()
            answer = await self._once(request, renew=renew)
            if answer.status == 401 and not renew:
                renew = True
            elif answer.status in _BUSY:
                self.be_quiet(answer.quiet)
            else:
                return self._checked(answer)
        raise Unavailable(self.name, "it refuses the log-in" if answer.status == 401 else "it is too busy")

    def be_quiet(self, seconds: float) -> None:
        """The service asked for a pause: every call of this mailbox keeps to it."""
        until = asyncio.get_running_loop().time() + min(max(seconds, 0.5), _LONGEST_QUIET)
        self._quiet_until = max(self._quiet_until, until)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def path_of(self, link: object) -> str:
        """The path of a link that the service gave. Raises Unavailable for one that leads to another host."""
        if not isinstance(link, str) or not link.startswith(f"{self.origin}/") or len(link) > 16_384:
            raise Unavailable(self.name, "it sent a link that leads elsewhere")
        return link.removeprefix(self.origin)

    async def _wait_until_welcome(self) -> None:
        wait = self._quiet_until - asyncio.get_running_loop().time()
        if wait > _PATIENCE:
            raise Unavailable(self.name, f"it asks to be left alone for {wait:.0f} seconds")
        if wait > 0:
            await asyncio.sleep(wait)

    def _checked(self, answer: WebAnswer) -> WebAnswer:
        if answer.status == 401:
            raise Unavailable(self.name, "it refuses the log-in")
        if answer.status == 403:
            raise Unavailable(self.name, "the account lacks the permission (403)")
        if not (200 <= answer.status < 300 or 400 <= answer.status < 500 or answer.status == 500):
            raise Unavailable(self.name, f"it answered {answer.status}")
        return answer

    async def _once(self, request: WebRequest, *, renew: bool) -> WebAnswer:
        async with self._room:
            ours = {"Authorization": await self._authorization(renew=renew), "Accept-Encoding": "identity"}
            url, headers, body = self.origin + request.target, {**request.headers, **ours}, request.body or None
            try:
                async with (
                    asyncio.timeout(request.seconds),
                    self._connections().stream(request.method, url, headers=headers, content=body) as response,
                ):
                    return await _read(response, request.limit)
            except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
                raise Unavailable(self.name, type(error).__name__) from None

    def _connections(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                verify=self._access.context(), timeout=_TIMEOUT, trust_env=False, follow_redirects=False
            )
        return self._client

    async def _authorization(self, *, renew: bool) -> str:
        secret = await self._access.secret(renew=renew)
        if self._access.by_token:
            return f"Bearer {secret}"
        return "Basic " + base64.b64encode(f"{self._account.username}:{secret}".encode()).decode()


async def _read(response: httpx2.Response, limit: int) -> WebAnswer:
    quiet = _seconds(response.headers.get("retry-after", ""))
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise httpx2.DecodingError("an encoding that was not asked for")
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            return WebAnswer(response.status_code, b"", whole=False, quiet=quiet)
    return WebAnswer(response.status_code, b"".join(chunks), quiet=quiet)


def _seconds(retry_after: str) -> float:
    """Both services say seconds; a date (RFC 9110 section 10.2.3) is taken as a minute."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 60.0 if retry_after else 5.0
