"""Posts one message to the site's webhook, signed as Standard Webhooks asks."""

from __future__ import annotations

import asyncio
import ssl

import httpx2

from wardmail.edges.webhook_signature import signed_headers
from wardmail.model.refusal import Unavailable
from wardmail.model.webhook import WebhookMessage
from wardmail.ports import Clock, Secrets

_TIMEOUT = 15.0


class HttpsPoster:
    """Implements `ports.WebhookPoster`. `secret_ref` is where the signing secret is; `ca_file` adds a private authority.

    Nothing is followed, and nothing of the answer is kept but its status.
    """

    def __init__(self, url: str, secret_ref: str, secrets: Secrets, clock: Clock, ca_file: str | None = None) -> None:
        self._url = url
        self._secret_ref = secret_ref
        self._secrets = secrets
        self._clock = clock
        self._context = ssl.create_default_context()
        if ca_file:
            self._context.load_verify_locations(ca_file)

    async def post(self, message: WebhookMessage) -> str:
        try:
            secret = await asyncio.to_thread(self._secrets.reveal, self._secret_ref)
            async with asyncio.timeout(_TIMEOUT):
                return await self._post(message, secret)
        except Unavailable as error:
            return f"its secret cannot be read: {error.part}"
        except TimeoutError:
            return "the receiver did not answer in time"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return f"the connection failed ({type(error).__name__})"

    async def _post(self, message: WebhookMessage, secret: bytes) -> str:
        payload = message.payload.encode()
        headers = signed_headers([secret], message.id, int(self._clock.now()), payload)
        async with (
            httpx2.AsyncClient(verify=self._context, timeout=None, trust_env=False, follow_redirects=False) as http,
            http.stream("POST", self._url, content=payload, headers=headers) as response,
        ):
            return "" if 200 <= response.status_code < 300 else f"the receiver answered {response.status_code}"
