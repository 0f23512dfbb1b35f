"""A small HTTPS server whose answers a test decides: token endpoints, MTA-STS policies."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.journeys.peers.ground import CertificateFilesOnDisk


@dataclass
class Page:
    body: bytes
    status: int = 200
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Web:
    """`answer` gets the Host, the path, and the form as sent."""

    answer: Callable[[str, str, bytes], Page]
    port: int = 0
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)


@contextmanager
def running_web(
    certificate: CertificateFilesOnDisk, answer: Callable[[str, str, bytes], Page], address: str = "127.0.0.1"
) -> Iterator[Web]:
    web = Web(answer)

    class Pages(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = (self.headers.get("Host", ""), self.path, form)
            web.requests.append(request)
            page = web.answer(*request)
            self.send_response(page.status)
            for name, value in {"Content-Type": page.content_type, **page.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer((address, 0), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
