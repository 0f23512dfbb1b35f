"""Tells what happens to messages as spans, around the walks, where a collector is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from wardmail import __version__
from wardmail.app.counting import CountedDesk
from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.settings import Settings
from wardmail.app.tally import Counts
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.delivery import Ambiguous, Deferred, Delivered, Failed, HandedOn
from wardmail.model.message import Submission
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.route import Route
from wardmail.outbound.world import Dispatch, World
from wardmail.ports import Courier, Spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_ENDPOINT = "telemetry.endpoint"


def open_spans(settings: Settings) -> Spans | None:
    """To be called in the process whose spans they are; None where nobody asked for any. Raises CommandFailed."""
    exporter = exporter_of(settings)
    if exporter is None:
        return None
    from wardmail.edges.telemetry import OtlpSpans

    return OtlpSpans(exporter, __version__)


def exporter_of(settings: Settings) -> SpanExporter | None:
    """None where nobody asked for spans. Raises CommandFailed."""
    if not settings[_ENDPOINT]:
        return None
    try:
        from wardmail.edges.telemetry import otlp_exporter
    except ImportError as error:
        what = f"{_ENDPOINT} is set, and this installation cannot send spans."
        raise CommandFailed("WM-TELEMETRY-EXTRA", what, "Install wardmail[otel].", USAGE) from error
    try:
        return otlp_exporter(settings[_ENDPOINT], settings["telemetry.ca_file"] or None)
    except ValueError as error:
        what = f"{_ENDPOINT} cannot be used: {error}."
        raise CommandFailed("WM-TELEMETRY-ENDPOINT", what, "Write https://HOST:4318/v1/traces.", USAGE) from error


class TracedDesk(CountedDesk):
    """One span for each message that is handed in, whatever became of it."""

    def __init__(
        self, world: World, dispatch: Dispatch, counts: Counts, note_use: Callable[[str], None], spans: Spans
    ) -> None:
        super().__init__(world, dispatch, counts, note_use)
        self._spans = spans

    async def accept(self, submission: Submission) -> Accepted | Refusal:
        began, answer = time.time(), None
        try:
            answer = await super().accept(submission)
            return answer
        finally:
            origin = submission.origin
            told = {"wardmail.integration": origin.integration_id, "wardmail.via": origin.via, **_told(answer)}
            self._spans.record(
                submission.id, "accept", began, time.time(), told, failed=not isinstance(answer, Accepted)
            )


class TracedCourier:
    """Implements `ports.Courier` by another: one span for each copy of an attempt."""

    def __init__(self, courier: Courier, spans: Spans) -> None:
        self._courier = courier
        self._spans = spans

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        began = time.time()
        results = await self._courier.deliver(consignment, route)
        ended = time.time()
        for each in results:
            told = {"wardmail.integration": consignment.integration_id, "wardmail.route": route.name, **_came_to(each)}
            is_well = isinstance(each.outcome, Delivered | HandedOn)
            self._spans.record(consignment.message_id, "deliver", began, ended, told, failed=not is_well)
        return results

    async def close(self) -> None:
        await self._courier.close()


def _told(answer: Accepted | Refusal | None) -> Mapping[str, str | int]:
    if isinstance(answer, Accepted):
        return {"wardmail.outcome": "accepted", "wardmail.copies": len(answer.decisions)}
    if isinstance(answer, Refusal):
        return {"wardmail.outcome": "refused", "wardmail.error": answer.error}
    return {"wardmail.outcome": "unavailable"}


def _came_to(result: AttemptResult) -> Mapping[str, str | int]:
    outcome = result.outcome
    error = outcome.error if isinstance(outcome, Deferred | Failed) else ""
    reply = None if isinstance(outcome, Ambiguous) else outcome.reply
    return {
        "wardmail.outcome": type(outcome).__name__.lower(),
        "wardmail.tls.required": result.tls.required.name.lower(),
        "wardmail.tls.achieved": result.tls.achieved.name.lower(),
        **({"wardmail.error": error} if error else {}),
        **({"wardmail.reply_code": reply.code} if reply is not None else {}),
    }
