"""Hands over by a signed POST (Standard Webhooks): what was proved and found, and the message itself in base64."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx2

from wardmail.edges.public_address import AddressRefused, address_to_call
from wardmail.edges.secret_threads import reveal_apart
from wardmail.edges.tls import verifying_context
from wardmail.edges.webhook_signature import signed_headers
from wardmail.model.handover import Handover, NotTaken, Parcel, Taken
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock, Secrets

_SECONDS = 30.0
_GONE = 410


class WebhookHandover:
    """Implements `ports.HandoverCourier`. Only 2xx is a receipt; redirects are not followed."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock
        self._contexts: dict[str | None, ssl.SSLContext] = {}

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        try:
            secrets = [await reveal_apart(self._secrets, each) for each in terms.signing_refs]
            async with asyncio.timeout(_SECONDS):
                return await self._post(parcel, terms, secrets)
        except Unavailable as error:
            return NotTaken(f"Its signing secret cannot be read: {error.part}.")
        except AddressRefused as error:
            return NotTaken(f"The webhook is not called: {error}.")
        except TimeoutError:
            return NotTaken("The webhook did not answer in time.")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return NotTaken(f"The connection to the webhook failed ({type(error).__name__}).")

    async def close(self) -> None:
        return None

    async def _post(self, parcel: Parcel, terms: Handover, secrets: list[bytes]) -> Taken | NotTaken:
        parts = urlsplit(terms.url)
        host, port = parts.hostname or "", parts.port or 443
        if parts.scheme != "https" or not host or not secrets:
            return NotTaken("The webhook needs an https address and a signing secret.", permanent=True)
        address = await address_to_call(host, port, allow_private=terms.allow_private)
        place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        payload = await asyncio.to_thread(_payload, parcel, self._clock.now())
        headers = signed_headers(secrets, parcel.id, int(self._clock.now()), payload)
        headers |= {"Host": host if port == 443 else f"{host}:{port}", "wardmail-message-id": parcel.id}
        async with (
            httpx2.AsyncClient(verify=self._context(terms.ca_file), trust_env=False, follow_redirects=False) as http,
            # The certificate is checked against the name; the address only says where to connect.
            http.stream(
                "POST",
                urlunsplit(("https", place, parts.path or "/", parts.query, "")),
                content=payload,
                headers=headers,
                extensions={"sni_hostname": host},
            ) as response,
        ):
            return _meaning(response.status_code)

    def _context(self, ca_file: str | None) -> ssl.SSLContext:
        if ca_file not in self._contexts:
            self._contexts[ca_file] = verifying_context(Path(ca_file) if ca_file else None)
        return self._contexts[ca_file]


def _payload(parcel: Parcel, now: float) -> bytes:
    data = {**parcel.summary, "message": base64.b64encode(parcel.message).decode()}
    return json.dumps({"type": "mail.received", "timestamp": now, "data": data}, ensure_ascii=False).encode()


def _meaning(status: int) -> Taken | NotTaken:
    if 200 <= status < 300:
        return Taken(f"HTTP {status}")
    if 300 <= status < 400:
        return NotTaken(f"The webhook answered {status}: redirects are not followed.")
    return NotTaken(f"The webhook answered {status}.", permanent=status == _GONE)
