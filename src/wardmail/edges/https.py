"""Fetches small texts over HTTPS, such as MTA-STS policies, with nothing followed and nothing trusted too far."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit, urlunsplit

import httpx2

from wardmail.edges.public_address import may_call
from wardmail.model.question import Answer, Found, HttpsQuestion, NotFound, Question, Unknown, drive
from wardmail.ports import Resolver
from wardmail.posture.mx import HostAddresses, find_addresses


class WorldResolver:
    """Implements `ports.Resolver`: DNS questions go to one, HTTPS questions to the other."""

    def __init__(self, dns: Resolver, https: HttpsFetcher) -> None:
        self._dns = dns
        self._https = https

    async def answer(self, question: Question) -> Answer:
        return await (self._https if isinstance(question, HttpsQuestion) else self._dns).answer(question)


class HttpsFetcher:
    """Implements `ports.Resolver` for HttpsQuestion.

    Names are looked up by our own `dns`. `ca_file` replaces the system's authorities; `timeout` covers a whole fetch
    (RFC 8461 section 3.3 suggests a minute). `allow_private` False: somebody else chose the name, and must not reach inwards.
    """

    def __init__(
        self,
        dns: Resolver,
        *,
        ca_file: str | None = None,
        port: int = 443,
        timeout: float = 60.0,
        allow_private: bool = True,
    ) -> None:
        self._dns = dns
        self._port = port
        self._timeout = timeout
        self._ca_file = ca_file
        self._allow_private = allow_private
        self._context: ssl.SSLContext | None = None

    async def answer(self, question: Question) -> Answer:
        if not isinstance(question, HttpsQuestion):
            return Unknown("this is no question for a web server")
        try:
            async with asyncio.timeout(self._timeout):
                return await self._fetch(question)
        except TimeoutError:
            return Unknown("the web server did not answer in time")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return Unknown(f"the fetch failed ({type(error).__name__})")

    async def _fetch(self, question: HttpsQuestion) -> Answer:
        parts = urlsplit(question.url)
        host = parts.hostname or ""
        if parts.scheme != "https" or not host:
            return Unknown("not an https address")
        found = await drive(find_addresses(host), self._dns)
        if not isinstance(found, HostAddresses):
            return Unknown(found.why)
        address = found.addresses[0]
        if not (self._allow_private or may_call(address, allow_private=False)):
            return Unknown("its address is not public")
        place = f"[{address}]:{self._port}" if ":" in address else f"{address}:{self._port}"
        url = urlunsplit(("https", place, parts.path, parts.query, ""))
        # Not compressed: a small answer must not grow in our memory before it is counted.
        headers = {"Host": host, "Accept": "text/plain", "Accept-Encoding": "identity"}
        async with (
            httpx2.AsyncClient(verify=self._verification(), trust_env=False, follow_redirects=False) as http,
            # The certificate is checked against the name; the address only says where to connect.
            http.stream("GET", url, headers=headers, extensions={"sni_hostname": host}) as response,
        ):
            return await _read(response, question.limit)

    def _verification(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._ca_file)
        return self._context


async def _read(response: httpx2.Response, limit: int) -> Answer:
    if response.status_code in {404, 410}:
        return NotFound()
    if response.status_code != 200:
        return Unknown(f"the web server answered {response.status_code}")
    if response.headers.get("content-type", "").split(";")[0].strip().lower() != "text/plain":
        return Unknown("the web server sent something other than text/plain")
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return Unknown("the web server sent something compressed, which nobody asked for")
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            return Unknown(f"the web server sent more than {limit} bytes")
    return Found((body.decode("utf-8", "replace"),))
