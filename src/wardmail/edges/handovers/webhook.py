"""Hands over by a signed POST (Standard Webhooks): what was proved and found, and the message itself in base64."""

from __future__ import annotations

import asyncio
import base64
import json

from wardmail.edges.guarded_https import Target
from wardmail.edges.guarded_post import GuardedPost
from wardmail.edges.secret_threads import reveal_apart
from wardmail.edges.webhook_signature import signed_headers
from wardmail.model.handover import Handover, NotTaken, Parcel, Taken
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock, Secrets

_GONE = 410


class WebhookHandover:
    """Implements `ports.HandoverCourier`. Only 2xx is a receipt; redirects are not followed."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock
        self._post = GuardedPost()

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        if not terms.url.startswith("https://") or not terms.signing_refs:
            return NotTaken("The webhook needs an https address and a signing secret.", permanent=True)
        try:
            secrets = [await reveal_apart(self._secrets, each) for each in terms.signing_refs]
            payload = await asyncio.to_thread(_payload, parcel, self._clock.now())
            headers = signed_headers(secrets, parcel.id, int(self._clock.now()), payload)
        except Unavailable as error:
            return NotTaken(f"Its signing secret cannot be read: {error.part}.")
        except ValueError:
            return NotTaken("Its signing secret is no key.")
        target = Target(terms.url, terms.allow_private, terms.ca_file)
        answer = await self._post.post(target, payload, headers | {"wardmail-message-id": parcel.id})
        return _meaning(answer) if isinstance(answer, int) else NotTaken(f"The webhook: {answer}.")

    async def close(self) -> None:
        return None


def _payload(parcel: Parcel, now: float) -> bytes:
    data = {**parcel.summary, "message": base64.b64encode(parcel.message).decode()}
    return json.dumps({"type": "mail.received", "timestamp": now, "data": data}, ensure_ascii=False).encode()


def _meaning(status: int) -> Taken | NotTaken:
    if 200 <= status < 300:
        return Taken(f"HTTP {status}")
    if 300 <= status < 400:
        return NotTaken(f"The webhook answered {status}: redirects are not followed.")
    return NotTaken(f"The webhook answered {status}.", permanent=status == _GONE)
