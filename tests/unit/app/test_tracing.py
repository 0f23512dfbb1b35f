"""Spans say how a message fared, in one trace for each; and nothing that a stranger may not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.databases import fresh_sqlite
from tests.journeys.courier_kit import consignment
from tests.worlds import staged, submission

from wardmail.app.failures import CommandFailed
from wardmail.app.settings import load
from wardmail.app.tally import Tally
from wardmail.app.tracing import TracedCourier, TracedDesk, exporter_of, open_spans
from wardmail.edges.sandbox_courier import SandboxCourier
from wardmail.edges.telemetry import OtlpSpans
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.route import Route, RouteKind


class NoDispatch:
    def has_room(self, route: str, size: int) -> bool:
        return False

    def offer(self, consignments: object) -> None:
        return


def made(exporter: InMemorySpanExporter, spans: OtlpSpans) -> Sequence[ReadableSpan]:
    spans._provider.force_flush()
    return exporter.get_finished_spans()


def attributes(span: ReadableSpan) -> Mapping[str, object]:
    return dict(span.attributes or {})


async def test_a_message_is_one_trace_and_says_nothing_private(tmp_path: Path) -> None:
    exporter = InMemorySpanExporter()
    spans = OtlpSpans(exporter, "1")
    with fresh_sqlite(tmp_path) as database, staged(tmp_path, database) as stage:
        desk = TracedDesk(stage.world, NoDispatch(), Tally(1).of(0), lambda _: None, spans)
        accepted = await desk.accept(submission(stage, "anna@nhs.net"))
        assert isinstance(accepted, Accepted)
        refused = await desk.accept(
            submission(stage, "anna@nhs.net", head=b"From: app@trust.example\r\nSubject: SECRET plans\r\n")
        )
        assert isinstance(refused, Refusal)
    message = consignment("anna@sink.example", "bounce@sandbox.invalid", "tlsfail@sandbox.invalid")
    await TracedCourier(SandboxCourier(tmp_path), spans).deliver(message, Route("r", RouteKind.SANDBOX))
    first, second, *attempts = made(exporter, spans)
    assert attributes(first)["wardmail.outcome"] == "accepted"
    assert (attributes(second)["wardmail.outcome"], second.status.is_ok) == ("refused", False)
    assert [attributes(each)["wardmail.outcome"] for each in attempts] == ["delivered", "failed", "deferred"]
    assert [each.status.is_ok for each in attempts] == [True, False, False]
    assert attributes(attempts[2])["wardmail.error"] == "WM-TLS-REFUSED"
    assert len({each.context.trace_id for each in attempts}) == 1
    assert first.context.trace_id != second.context.trace_id
    said = "".join(each.to_json() for each in (first, second, *attempts))
    for word in ("anna", "bounce@", "sandbox.invalid", "plans", "expired", "trust.example"):
        assert word not in said, word


def test_nothing_is_sent_where_nobody_asked() -> None:
    assert open_spans(load(environ={})) is None


@pytest.mark.parametrize(
    "endpoint", ["http://otel.trust.example:4318/v1/traces", "otel:4318", "ftp://localhost/", "http://"]
)
def test_spans_do_not_go_in_clear_to_another_machine(endpoint: str) -> None:
    with pytest.raises(CommandFailed, match=r"telemetry\.endpoint"):
        exporter_of(load(environ={"WARDMAIL__TELEMETRY__ENDPOINT": endpoint}))


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4318/v1/traces", "http://localhost:4318", "https://otel.example"]
)
def test_they_go_to_this_machine_or_over_https(endpoint: str) -> None:
    assert exporter_of(load(environ={"WARDMAIL__TELEMETRY__ENDPOINT": endpoint})) is not None
