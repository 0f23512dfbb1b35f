"""An HTTPS server that keeps secrets, and can be told to misbehave: the ground of the Vault and Azure contract servers."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.journeys.peers.ground import CertificateFilesOnDisk

Answer = tuple[int, Mapping[str, object]]


@dataclass
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, object]:
        return json.loads(self.body or b"{}")


@dataclass
class StoreServer:
    """`misbehave` gets each request first: bytes are sent as they are, a status alone, seconds are waited; None: answer."""

    answer: Callable[[Request], Answer]
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    misbehave: Callable[[Request], bytes | int | float | None] = lambda request: None


@contextmanager
def running_store(certificate: CertificateFilesOnDisk, answer: Callable[[Request], Answer]) -> Iterator[StoreServer]:
    store = StoreServer(answer)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, dict(self.headers), body)
            store.requests.append(request)
            wrong = store.misbehave(request)
            if isinstance(wrong, float):
                time.sleep(wrong)
                self.close_connection = True
            elif isinstance(wrong, int):
                # What a proxy or the server itself may repeat of what it was sent must reach no log of ours.
                self._send(wrong, f"<html>{self.headers} {body!r}</html>".encode())
            elif wrong is not None:
                self._send(200, wrong)
            else:
                status, fields = store.answer(request)
                self._send(status, json.dumps(fields).encode())

        def do_GET(self) -> None:
            self.do_POST()

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up on us is what the hostile tests are about."""

    server = Server(("127.0.0.1", 0), Door)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    store.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
