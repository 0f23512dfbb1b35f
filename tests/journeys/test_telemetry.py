"""A gateway sends its spans to a collector of OTLP over HTTP, over TLS; and works on when there is none.

The collector is a server of the tests that reads the protocol's own messages (opentelemetry-proto): none is in Debian.
"""

from __future__ import annotations

import contextlib
import gzip
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.journeys.gateway import Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority, free_port, wait_until

LETTER = b"From: app@trust.example\r\nSubject: a letter\r\n\r\nHello\r\n"
pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


@contextlib.contextmanager
def collector(authority: Authority, taken: list[dict[str, str]]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = ExportTraceServiceRequest()
            told.ParseFromString(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            for resource in told.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        found = {each.key: each.value.string_value for each in span.attributes}
                        taken.append({"name": span.name, "trace": span.trace_id.hex(), **found})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    certificate = authority.issue("localhost")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def sending(directory: Path, authority: Authority, port: int) -> Gateway:
    own = {"telemetry.endpoint": f"https://localhost:{port}/v1/traces", "telemetry.ca_file": str(authority.ca_file)}
    gateway = make_gateway(directory / "gateway", authority, settings=own)
    gateway.do("route", "create", "sandbox", "--kind", "sandbox")
    let_in(gateway, "sandbox")
    return gateway


def test_a_collector_is_told_of_each_message(tmp_path: Path) -> None:
    authority, taken = Authority(tmp_path), list[dict[str, str]]()
    with collector(authority, taken) as port, running(sending(tmp_path, authority, port)) as gateway:
        reply = gateway.send(LETTER, "anna@nhs.net")
        wait_until(lambda: {"accept", "deliver"} <= {each["name"] for each in taken}, "the spans", 30)
    assert {each["wardmail.queue_id"] for each in taken} == {reply}
    assert len({each["trace"] for each in taken}) == 1
    assert not [each for each in taken if "anna" in str(each)]


def test_without_a_collector_mail_flows(tmp_path: Path) -> None:
    with running(sending(tmp_path, Authority(tmp_path), free_port())) as gateway:
        message_id = gateway.send(LETTER, "anna@nhs.net")
        gateway.wait_for_states(message_id, "delivered")
        assert "delivered" in gateway.states(message_id)
