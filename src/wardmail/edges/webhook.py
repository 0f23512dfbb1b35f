"""Posts one message to the site's webhook, signed as Standard Webhooks asks (HMAC-SHA-256 over id, time and body)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl

import httpx2

from wardmail.model.refusal import Unavailable
from wardmail.model.webhook import WebhookMessage
from wardmail.ports import Clock, Secrets

_TIMEOUT = 15.0
_PREFIX = "whsec_"


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
        headers = signed_headers(message, secret, int(self._clock.now()))
        async with (
            httpx2.AsyncClient(verify=self._context, trust_env=False, follow_redirects=False) as http,
            http.stream("POST", self._url, content=message.payload.encode(), headers=headers) as response,
        ):
            return "" if 200 <= response.status_code < 300 else f"the receiver answered {response.status_code}"


def signed_headers(message: WebhookMessage, secret: bytes, at: int) -> dict[str, str]:
    """A secret that begins with `whsec_` is base64 behind it, as Standard Webhooks writes it."""
    text = secret.decode("ascii", "replace")
    key = base64.b64decode(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) else secret
    signed = f"{message.id}.{at}.{message.payload}".encode()
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message.id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
        "user-agent": "wardmail",
    }
