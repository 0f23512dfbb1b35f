"""What telling programs asks of the outside world: their webhooks, and a way to post."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.webhook_endpoint import Telling, WebhookEndpoint


class Webhooks(Protocol):
    """The webhooks of all integrations, and what each is still to be told. Blocking. Raises Unavailable."""

    def all(self) -> Sequence[WebhookEndpoint]: ...

    def told_to(self, endpoint_id: str) -> int:
        """The place in the audit up to which tellings were queued."""
        ...

    def queue(self, endpoint_id: str, tellings: Sequence[Telling], told_to: int) -> None: ...

    def due(self, now: float, limit: int) -> Sequence[Telling]: ...

    def settle(self, telling: Telling, *, again_at: float | None, outcome: str) -> None: ...

    def stop(self, endpoint_id: str, why: str) -> None: ...

    def forget_old(self) -> None: ...


class EndpointPoster(Protocol):
    async def post(self, endpoint: WebhookEndpoint, telling: Telling) -> int | str:
        """The HTTP status, or why there was none. Never raises."""
        ...
