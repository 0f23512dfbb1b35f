"""Posts one telling to an integration's webhook, signed by each of its secrets."""

from __future__ import annotations

from wardmail.edges.guarded_https import Target
from wardmail.edges.guarded_post import GuardedPost
from wardmail.edges.secret_threads import reveal_apart
from wardmail.edges.webhook_signature import signed_headers
from wardmail.model.refusal import Unavailable
from wardmail.model.webhook_endpoint import Telling, WebhookEndpoint
from wardmail.ports import Clock, Secrets


class SignedPoster:
    """Implements `ports.EndpointPoster`."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock
        self._post = GuardedPost()

    async def post(self, endpoint: WebhookEndpoint, telling: Telling) -> int | str:
        try:
            keys = [await reveal_apart(self._secrets, each) for each in endpoint.signing_refs]
            headers = signed_headers(keys, telling.id, int(self._clock.now()), telling.payload.encode())
        except (Unavailable, ValueError) as error:
            return f"its signing secret cannot be used ({type(error).__name__})"
        target = Target(endpoint.url, endpoint.allow_private, endpoint.ca_file)
        return await self._post.post(target, telling.payload.encode(), headers)
