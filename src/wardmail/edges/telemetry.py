"""Sends spans to a collector, as OTLP over HTTP (OpenTelemetry protocol 1.x). Needs the extra `wardmail[otel]`.

All spans of one message belong to one trace, whichever process makes them and however many days later: its ID is a hash of
the message's. Attributes are IDs, names of our own records and codes; never an address, a subject, or words of another server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

_NANOSECONDS = 1_000_000_000
_SECONDS = 10

Attribute = str | int | bool


class OtlpSpans:
    """Implements `ports.Spans`. To be made after a fork: it sends from a thread of its own."""

    def __init__(self, exporter: SpanExporter, version: str) -> None:
        resource = Resource.create({"service.name": "wardmail", "service.version": version})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("wardmail", version)

    def record(
        self,
        message_id: str,
        name: str,
        began: float,
        ended: float,
        attributes: Mapping[str, Attribute],
        *,
        failed: bool,
    ) -> None:
        span = self._tracer.start_span(
            name,
            context=set_span_in_context(NonRecordingSpan(_root_of(message_id))),
            kind=SpanKind.INTERNAL,
            attributes={"wardmail.queue_id": message_id, **attributes},
            start_time=int(began * _NANOSECONDS),
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(int(ended * _NANOSECONDS))

    def close(self) -> None:
        """Blocks until what is left is sent, or some seconds have passed."""
        self._provider.shutdown()


def otlp_exporter(endpoint: str, ca_file: str | None) -> SpanExporter:
    """Raises ValueError for an address that would carry the spans in clear to another machine."""
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname or "")):
        raise ValueError("spans go over https, or to this machine")
    session = requests.Session()
    session.trust_env = False  # else a variable of the environment says whom to trust, and through whom to send
    return OTLPSpanExporter(endpoint=endpoint, certificate_file=ca_file, timeout=_SECONDS, session=session)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _root_of(message_id: str) -> SpanContext:
    digest = hashlib.sha256(message_id.encode()).digest()
    trace_id, span_id = int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
