"""Speaks to an https address that somebody else chose, and is not led astray: one look-up, no redirect, a small answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx2

from wardmail.edges.public_address import AddressRefused, address_to_call
from wardmail.edges.tls import verifying_context
from wardmail.model.refusal import Unavailable

_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """`allow_private`: it may be at an address that is not public. `ca_file` replaces the system's authorities."""

    url: str
    allow_private: bool = False
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class HttpsAnswer:
    status: int
    body: bytes


class GuardedHttps:
    """`seconds` are for a whole exchange."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._contexts: dict[str | None, ssl.SSLContext] = {}

    async def exchange(
        self, method: str, target: Target, headers: Mapping[str, str], payload: bytes = b"", most: int = 0
    ) -> HttpsAnswer | str:
        """The answer with up to `most` octets of its body, or why there was none. Never raises."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._exchange(method, target, dict(headers), payload, most)
        except Unavailable as error:
            return f"{error.part} cannot be read"
        except AddressRefused as error:
            return f"it is not called: {error}"
        except TimeoutError:
            return "it did not answer in time"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return f"the connection failed ({type(error).__name__})"

    async def _exchange(
        self, method: str, target: Target, headers: dict[str, str], payload: bytes, most: int
    ) -> HttpsAnswer | str:
        parts = urlsplit(target.url)
        host, port = parts.hostname or "", parts.port or 443
        if parts.scheme != "https" or not host:
            return "it needs an https address"
        address = await address_to_call(host, port, allow_private=target.allow_private)
        place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        # Not compressed: `most` counts what comes in, and a small answer must not grow in our memory.
        headers |= {"Host": host if port == 443 else f"{host}:{port}", "Accept-Encoding": "identity"}
        async with (
            # The time of `exchange` is for all of it: the library's own five seconds are too few for an application.
            httpx2.AsyncClient(
                verify=self._context(target.ca_file), timeout=None, trust_env=False, follow_redirects=False
            ) as http,
            # The certificate is checked against the name; the address only says where to connect.
            http.stream(
                method,
                urlunsplit(("https", place, parts.path or "/", parts.query, "")),
                content=payload or None,
                headers=headers,
                extensions={"sni_hostname": host},
            ) as response,
        ):
            body = await _read(response, most) if most else b""
            return body if isinstance(body, str) else HttpsAnswer(int(response.status_code), body)

    def _context(self, ca_file: str | None) -> ssl.SSLContext:
        if ca_file not in self._contexts:
            self._contexts[ca_file] = verifying_context(Path(ca_file) if ca_file else None)
        return self._contexts[ca_file]


async def _read(response: httpx2.Response, most: int) -> bytes | str:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            return f"it answered with more than {most} octets"
    return body
