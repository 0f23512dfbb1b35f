"""Delivers by GOV.UK Notify: one call for each recipient, over verified TLS, and never the same one twice if it can tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx2

from wardmail.edges.tls import verifying_context
from wardmail.model.consignment import AttemptResult, ConsignedRecipient, Consignment
from wardmail.model.delivery import (
    Ambiguous,
    AttemptOutcome,
    AttemptTls,
    Deferred,
    Failed,
    HandedOn,
    PeerReply,
)
from wardmail.model.refusal import Unavailable
from wardmail.model.route import Route, TlsLevel
from wardmail.ports import Clock, Secrets
from wardmail.protocol import notify_api
from wardmail.protocol.notify_message import LARGEST_READ, Notification, as_notification, too_long

_TIMEOUT = 30.0
_NOT_REACHED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class _Answer:
    outcome: AttemptOutcome
    tls: AttemptTls


class NotifyCourier:
    """Implements `ports.Courier`."""

    def __init__(self, secrets: Secrets, clock: Clock, ca_file: str | None = None) -> None:
        self._secrets = secrets
        self._clock = clock
        self._ca_file = ca_file
        self._clients: dict[str | None, httpx2.AsyncClient] = {}

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        unsent = AttemptTls(consignment.tls, TlsLevel.NONE)
        results: list[AttemptResult] = []
        ready = await self._prepare(consignment, route)
        stopped = ready if isinstance(ready, Deferred | Failed) else None
        for recipient in consignment.recipients:
            began = time.monotonic()
            answer = _Answer(stopped, unsent) if stopped is not None else None
            if answer is None and not isinstance(ready, Deferred | Failed):
                answer = await self._send(consignment, recipient, route, ready)
                if isinstance(answer.outcome, Deferred) and not answer.outcome.counts:
                    stopped = answer.outcome  # it would be the same for the others
            assert answer is not None
            seconds = time.monotonic() - began
            results.append(AttemptResult(recipient.id, answer.outcome, answer.tls, route.host, seconds))
        return results

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def _prepare(
        self, consignment: Consignment, route: Route
    ) -> tuple[Notification, notify_api.ApiKey] | Deferred | Failed:
        if consignment.require_tls:
            # RFC 8689 section 4.2.1: Notify cannot promise TLS on the hops behind it.
            why = "The sender asked for TLS on every hop, which GOV.UK Notify does not promise."
            return Failed(why, status="5.7.30", error="WM-NOTIFY-REQUIRETLS")
        if consignment.size > LARGEST_READ:
            return too_long()
        body = b"".join(await asyncio.to_thread(lambda: list(consignment.body.chunks())))
        notification = as_notification(consignment.head, body)
        if isinstance(notification, Failed):
            return notification
        try:
            key = notify_api.read_key(await asyncio.to_thread(self._secrets.reveal, route.secret_ref))
        except Unavailable as error:
            return _stop(f"The route's key cannot be read ({error.part}).")
        if key is None:
            return _stop("The route's secret is no key of GOV.UK Notify: a name, a service and a secret.")
        return notification, key

    async def _send(
        self,
        consignment: Consignment,
        recipient: ConsignedRecipient,
        route: Route,
        ready: tuple[Notification, notify_api.ApiKey],
    ) -> _Answer:
        notification, key = ready
        unsent = AttemptTls(consignment.tls, TlsLevel.NONE)
        reference = notify_api.reference_of(consignment.message_id, recipient.id)
        try:
            if recipient.attempts:
                before, tls = await self._find(consignment, route, key, reference)
                if isinstance(before, Deferred):
                    return _Answer(before, tls)
                if before is not None:
                    return _Answer(HandedOn(PeerReply(200, "2.0.0", f"GOV.UK Notify had it as {before}")), tls)
            sent = notify_api.request(notification, str(recipient.address), route.template, reference)
            status, answer, tls = await self._call(consignment, route, key, ("POST", notify_api.SEND), sent)
            return _Answer(notify_api.meaning(status, answer, self._clock.now()), tls)
        except _NOT_REACHED as error:
            why = f"GOV.UK Notify cannot be reached over verified TLS ({type(error).__name__})."
            return _Answer(Deferred(why, counts=False, error="WM-ROUTE-CONNECT", status="4.4.1"), unsent)
        except (httpx2.HTTPError, TimeoutError) as error:
            why = f"The connection was lost before GOV.UK Notify answered ({type(error).__name__}); it may have it."
            return _Answer(Ambiguous(why), unsent)
        except Unavailable as error:
            return _Answer(_stop(f"The route's CA file cannot be used ({error.part})."), unsent)

    async def _find(
        self, consignment: Consignment, route: Route, key: notify_api.ApiKey, reference: str
    ) -> tuple[str | Deferred | None, AttemptTls]:
        where = f"{notify_api.FIND}?{urlencode({'template_type': 'email', 'reference': reference})}"
        try:
            status, answer, tls = await self._call(consignment, route, key, ("GET", where), b"")
        except (httpx2.HTTPError, TimeoutError):
            # A question does no harm: it is asked again before anything is sent.
            why = "GOV.UK Notify did not say whether it has it already."
            return Deferred(why, counts=False, status="4.4.2"), AttemptTls(consignment.tls, TlsLevel.NONE)
        return notify_api.found_before(status, answer), tls

    async def _call(
        self, consignment: Consignment, route: Route, key: notify_api.ApiKey, what: tuple[str, str], sent: bytes
    ) -> tuple[int, bytes, AttemptTls]:
        method, path = what
        headers = {
            "Authorization": f"Bearer {notify_api.bearer(key, self._clock.now())}",
            "Content-Type": "application/json",
            "User-Agent": "wardmail",
        }
        url = f"https://{route.host}:{route.port}{path}"
        async with (
            asyncio.timeout(_TIMEOUT),
            self._client(route).stream(method, url, content=sent, headers=headers) as response,
        ):
            tls = _tls_of(response, consignment, route)
            answer = b""
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > notify_api.LARGEST_ANSWER:
                    break
            return response.status_code, answer, tls

    def _client(self, route: Route) -> httpx2.AsyncClient:
        ca_file = route.ca_file or self._ca_file
        if ca_file not in self._clients:
            context = verifying_context(Path(ca_file) if ca_file else None)
            self._clients[ca_file] = httpx2.AsyncClient(
                verify=context, timeout=_TIMEOUT, trust_env=False, follow_redirects=False
            )
        return self._clients[ca_file]


def _tls_of(response: httpx2.Response, consignment: Consignment, route: Route) -> AttemptTls:
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    version, cipher = (tls.version() or "", (tls.cipher() or ("",))[0]) if tls is not None else ("", "")
    proof = f"certificate of {route.host} verified; GOV.UK Notify's own TLS to the recipient is opportunistic"
    return AttemptTls(consignment.tls, TlsLevel.VERIFIED, version, cipher, proof)


def _stop(why: str) -> Deferred:
    return Deferred(why, counts=False, error="WM-ROUTE-AUTH", status="4.7.8")
