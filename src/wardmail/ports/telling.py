"""What telling programs and people asks of the outside world: their webhooks, a way to post, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.waiting import Waiting, WaitingTold
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


class WaitingMail(Protocol):
    """What came in and waits for people, and what they were told of it. Raises Unavailable."""

    async def look(self, now: float, limit: int) -> Waiting: ...

    async def told(self, telling: WaitingTold) -> bool:
        """Hand the notices over and note what they told, in one transaction.

        False, and nothing is done, when somebody was told since `before`.
        """
        ...


class EndpointPoster(Protocol):
    async def post(self, endpoint: WebhookEndpoint, telling: Telling) -> int | str:
        """The HTTP status, or why there was none. Never raises."""
        ...
