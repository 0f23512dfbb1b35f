"""Counts what goes through a worker, around the walks: they know nothing of it, and it asks nobody anything."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from wardmail.app.tally import Counts
from wardmail.model.arrival import ArrivalChange
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.delivery import Ambiguous, AttemptOutcome, Deferred, Delivered, Failed, HandedOn
from wardmail.model.identity import Identity
from wardmail.model.integration import Credential
from wardmail.model.message import Submission
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal, Unavailable
from wardmail.model.route import Route
from wardmail.model.webhook import WebhookMessage
from wardmail.model.webhook_endpoint import TAKEN, Telling, WebhookEndpoint
from wardmail.outbound.submission import Desk
from wardmail.outbound.world import Dispatch, World
from wardmail.ports import Blinder, Clock, Courier, EndpointPoster
from wardmail.store.arrivals import StoreArrivals
from wardmail.store.connection import Database
from wardmail.store.figures import CREDENTIAL
from wardmail.store.outbox import StoreOutbox
from wardmail.store.queue import StoreQueue
from wardmail.store.webhooks import StoreWebhooks

LATENCY_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
"""Seconds from the acceptance of a message to its delivery."""

_RESULTS: dict[type[AttemptOutcome], str] = {
    Delivered: "delivered",
    HandedOn: "relayed",
    Deferred: "deferred",
    Failed: "failed",
    Ambiguous: "ambiguous",
}
_LATENCY = "wardmail_delivery_latency_seconds"


class CountedDesk(Desk):
    """Every way in of a worker, SMTP or API, asks it."""

    def __init__(self, world: World, dispatch: Dispatch, counts: Counts, note_use: Callable[[str], None]) -> None:
        super().__init__(world, dispatch)
        self._counts = counts
        self._note_use = note_use

    def authenticate(self, username: str, secret: str, peer: str) -> Identity | Refusal:
        return self._used(super().authenticate(username, secret, peer))

    def admit(self, credential: Credential, peer: str) -> Identity | Refusal:
        return self._used(super().admit(credential, peer))

    def _used(self, answer: Identity | Refusal) -> Identity | Refusal:
        if isinstance(answer, Identity):
            self._note_use(f"{CREDENTIAL}{answer.credential.username}")
        return answer

    async def accept(self, submission: Submission) -> Accepted | Refusal:
        integration = submission.origin.integration_id
        try:
            answer = await super().accept(submission)
        except Unavailable:
            self._note(integration, "deferred")
            raise
        if isinstance(answer, Refusal):
            self._note(integration, "deferred" if answer.is_temporary else "refused")
            self._counts.count(("wardmail_submission_refusals_total", answer.error))
            return answer
        self._note(integration, "accepted")
        for _, decision in answer.decisions:
            for hit in decision.because:
                self._counts.count(("wardmail_policy_decisions_total", hit.rule, decision.outcome.value))
        return answer

    def _note(self, integration: str, result: str) -> None:
        self._counts.count(("wardmail_messages_total", integration, "outbound", result))


class CountedCourier:
    """Implements `ports.Courier` by another."""

    def __init__(self, courier: Courier, counts: Counts, clock: Clock) -> None:
        self._courier = courier
        self._counts = counts
        self._clock = clock

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        results = await self._courier.deliver(consignment, route)
        for each in results:
            self._note(each, route.name, consignment.received_at)
        return results

    async def close(self) -> None:
        await self._courier.close()

    def _note(self, each: AttemptResult, route: str, received_at: float) -> None:
        counts, result, tls = self._counts, _RESULTS[type(each.outcome)], each.tls
        counts.count(("wardmail_delivery_attempts_total", route, result, _code_class(each.outcome)))
        counts.count(("wardmail_delivery_tls_total", route, tls.required.name.lower(), tls.achieved.name.lower()))
        if isinstance(each.outcome, Delivered | HandedOn) and received_at:
            seconds = max(0.0, self._clock.now() - received_at)
            place = bisect_left(LATENCY_BUCKETS, seconds)
            bound = f"{LATENCY_BUCKETS[place]:g}" if place < len(LATENCY_BUCKETS) else "+Inf"
            counts.count((f"{_LATENCY}_bucket", bound))
            counts.count((f"{_LATENCY}_sum",), seconds)


class CountedPoster:
    """Implements `ports.EndpointPoster` by another."""

    def __init__(self, poster: EndpointPoster, counts: Counts) -> None:
        self._poster = poster
        self._counts = counts

    async def post(self, endpoint: WebhookEndpoint, telling: Telling) -> int | str:
        answer = await self._poster.post(endpoint, telling)
        result = f"{answer // 100}xx" if isinstance(answer, int) else "no-answer"
        self._counts.count(("wardmail_webhook_deliveries_total", result))
        return answer


class CountedWebhooks(StoreWebhooks):
    def __init__(self, database: Database, counts: Counts) -> None:
        super().__init__(database)
        self._counts = counts

    def settle(self, telling: Telling, *, again_at: float | None, outcome: str) -> None:
        super().settle(telling, again_at=again_at, outcome=outcome)
        if again_at is None and outcome != TAKEN:
            self._counts.count(("wardmail_webhooks_given_up_total", "integration"))


class CountedOutbox(StoreOutbox):
    def __init__(self, database: Database, counts: Counts) -> None:
        super().__init__(database)
        self._counts = counts

    async def settle(self, message: WebhookMessage, *, again_at: float | None, outcome: str) -> None:
        await super().settle(message, again_at=again_at, outcome=outcome)
        if again_at is None and outcome != TAKEN:
            self._counts.count(("wardmail_webhooks_given_up_total", "alert"))


class CountedArrivals(StoreArrivals):
    """Counts an arrival for each state that it comes to after it was stored."""

    def __init__(self, database: Database, queue: StoreQueue, owner: str, counts: Counts, blinder: Blinder) -> None:
        super().__init__(database, queue.writer, queue.contents, owner, blinder=blinder)
        self._counts = counts

    async def change(self, change: ArrivalChange) -> bool:
        done = await super().change(change)
        if done and change.state not in change.before:
            self._counts.count(("wardmail_arrivals_total", change.state.value))
        return done


def _code_class(outcome: AttemptOutcome) -> str:
    """`2xx`, `4xx` or `5xx` as the peer said, or `none`."""
    reply = None if isinstance(outcome, Ambiguous) else outcome.reply
    return f"{reply.code // 100}xx" if reply is not None and 200 <= reply.code < 600 else "none"
