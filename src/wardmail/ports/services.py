"""Services that we speak to: upstreams that mail is given to, what comes back from them, webhooks, the CMDB."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from wardmail.model.cmdb import CmdbRefused, CmdbRow, Reconciled
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.returned import LaterFailure, Returned, SentCopy
from wardmail.model.route import Route
from wardmail.model.webhook import WebhookMessage


class Courier(Protocol):
    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        """One attempt for every recipient of the consignment: exactly one result for each, never an exception."""
        ...

    async def close(self) -> None:
        """Say QUIT on idle connections, and let go."""
        ...


class Returns(Protocol):
    """What comes back about messages that are gone: bounces and complaints. Both methods block."""

    def sent_copies(self, ids: Collection[str], envid: str, addresses: Collection[str]) -> Sequence[SentCopy]:
        """Copies that really left, of messages with one of these IDs; or with that envelope ID, to these addresses."""
        ...

    def take(self, returned: Sequence[Returned], actor: str) -> Sequence[bool]:
        """Write it down in one transaction; for each, whether it was news."""
        ...


class LaterFailures(Protocol):
    async def failures(self, route: Route) -> Sequence[LaterFailure]:
        """What the route's service has lately failed to deliver, known before or not. Raises Unavailable."""
        ...


class Outbox(Protocol):
    """What waits to be posted to a webhook; kept until it was taken, or given up after many tries."""

    async def due(self, now: float, limit: int) -> Sequence[WebhookMessage]: ...

    async def settle(self, message: WebhookMessage, *, again_at: float | None, outcome: str) -> None:
        """`again_at` None: it is not tried any more; `outcome` says how it went."""
        ...


class WebhookPoster(Protocol):
    async def post(self, message: WebhookMessage) -> str:
        """Empty when it was taken, else what went wrong, in words without content. Never raises."""
        ...


class Cmdb(Protocol):
    """A configuration management database. Each method raises Unavailable when it gives no answer that counts."""

    async def find(self, correlation: str) -> Sequence[CmdbRow]:
        """Records that it says carry this correlation ID; whether they do is the caller's to check."""
        ...

    async def read(self, sys_id: str) -> CmdbRow | None: ...

    async def reconcile(self, values: Mapping[str, str], correlation: str, *, commit: bool) -> Reconciled | CmdbRefused:
        """Identify and reconcile one record; without `commit`, only say what would come of it."""
        ...
