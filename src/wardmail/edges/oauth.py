"""Fetches the access tokens that upstreams want, by the client-credentials grant (RFC 6749 section 4.4)."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import ssl
from dataclasses import dataclass

import httpx2

from wardmail.edges.secret_threads import reveal_apart
from wardmail.model.delivery import Deferred
from wardmail.model.refusal import Unavailable
from wardmail.model.route import OAuthClient, Route
from wardmail.ports import Clock, Secrets

_MAX_ANSWER = 64 * 1024
_TIMEOUT = 30.0
_REFRESH_AT = 0.8
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float


class TokenSource:
    """One request at a time for each client; everybody else waits for its answer. `ca_file`: a private authority."""

    def __init__(self, secrets: Secrets, clock: Clock, ca_file: str | None = None) -> None:
        self._secrets = secrets
        self._clock = clock
        self._ca_file = ca_file
        self._tokens: dict[OAuthClient, _Token] = {}
        self._locks: dict[OAuthClient, asyncio.Lock] = {}

    async def token_for(self, route: Route, *, renew: bool = False) -> str | Deferred:
        """`renew`: the upstream refused the token that we have, whatever its lifetime."""
        if route.oauth is None:
            return _deferred("The route has no OAuth client. Add one to the route.")
        return await self.token_of(route.oauth, renew=renew)

    async def token_of(self, client: OAuthClient, *, renew: bool = False) -> str | Deferred:
        before = self._tokens.get(client)
        if before is not None and not renew and self._clock.now() < before.renew_at:
            return before.value
        async with self._locks.setdefault(client, asyncio.Lock()):
            current = self._tokens.get(client)
            if current is not None and current is not before:
                return current.value
            token = await self._fetch(client)
            if isinstance(token, Deferred):
                return token
            self._tokens[client] = token
            return token.value

    async def _fetch(self, client: OAuthClient) -> _Token | Deferred:
        if not client.token_endpoint.startswith("https://"):
            return _deferred("The token endpoint must be an https address.")
        try:
            status, answer = await self._ask(client)
        except (Unavailable, UnicodeDecodeError, OSError) as error:
            return _deferred(f"The client secret or CA file could not be read ({type(error).__name__}).")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return _deferred(f"The token endpoint gave no answer ({type(error).__name__}).")
        return self._read_token(status, answer)

    async def _ask(self, client: OAuthClient) -> tuple[int, bytes]:
        """A client secret that is refused may have been changed in its store: what was kept is read again, once."""
        secret = await reveal_apart(self._secrets, client.secret_ref)
        status, answer = await self._post(client.token_endpoint, _form(client, secret))
        if status in {400, 401}:  # invalid_client comes with either (RFC 6749 section 5.2)
            self._secrets.forget(client.secret_ref)
            newer = await reveal_apart(self._secrets, client.secret_ref)
            if not hmac.compare_digest(newer, secret):
                return await self._post(client.token_endpoint, _form(client, newer))
        return status, answer

    async def _post(self, url: str, form: dict[str, str]) -> tuple[int, bytes]:
        verify = ssl.create_default_context(cafile=self._ca_file)
        answer = b""
        async with (
            httpx2.AsyncClient(verify=verify, timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as http,
            http.stream("POST", url, data=form, headers={"Accept": "application/json"}) as response,
        ):
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > _MAX_ANSWER:
                    break
            return response.status_code, answer

    def _read_token(self, status: int, answer: bytes) -> _Token | Deferred:
        try:
            fields = json.loads(answer) if len(answer) <= _MAX_ANSWER else None
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            return _deferred(f"The token endpoint answered {status} with something that is not JSON.")
        if status != 200:
            # `error` is a word from a fixed list (RFC 6749 section 5.2); the description may hold anything.
            return _deferred(f"The token endpoint refused the client: {status} {_word(fields.get('error'))}.")
        value, lifetime = fields.get("access_token"), fields.get("expires_in", 300)
        if not isinstance(value, str) or not _TOKEN.fullmatch(value) or not isinstance(lifetime, int | float):
            return _deferred("The token endpoint answered without a token.")
        return _Token(value, self._clock.now() + _REFRESH_AT * lifetime)


def _form(client: OAuthClient, secret: bytes) -> dict[str, str]:
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": secret.decode()}
    return form | ({"scope": client.scope} if client.scope else {})


def _word(error: object) -> str:
    is_word = isinstance(error, str) and len(error) <= 40 and error.replace("_", "").isalnum()
    return str(error) if is_word else "without a reason"


def _deferred(why: str) -> Deferred:
    return Deferred(why, counts=False, error="WM-ROUTE-TOKEN", status="4.7.0")
