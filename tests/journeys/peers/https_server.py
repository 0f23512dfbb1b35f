"""HTTPS servers whose answers a test decides, request by request."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.journeys.peers.ground import CertificateFilesOnDisk


@dataclass(frozen=True)
class HttpRequest:
    """`headers` by lower-case name."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HttpReply:
    """`delay`: seconds before anything is sent; `cut`: the connection ends in the middle of the body; `silent`: at once."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    silent: bool = False


@contextmanager
def https_server(
    certificate: CertificateFilesOnDisk, answer: Callable[[HttpRequest], HttpReply], address: str = "127.0.0.1"
) -> Iterator[int]:
    """Gives the port."""

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(answer(HttpRequest(self.command, self.path, headers, body)))

        do_GET = do_PATCH = do_DELETE = do_POST  # noqa: N815 (the library's names)

        def _send(self, reply: HttpReply) -> None:
            time.sleep(reply.delay)
            if reply.silent:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
            self.close_connection = self.close_connection or reply.cut

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up on us is what the hostile tests are about."""

    server = Server((address, 0), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
