"""A webhook receiver over TLS that checks signatures as Standard Webhooks asks, and can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.journeys.peers.ground import Authority, free_port

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass
class Receiver:
    """`answers` are the next statuses, 204 when there are no more; `taken` are bodies with a good signature."""

    port: int
    answers: list[int] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    forged: int = 0
    pause: float = 0.0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/hook"


def _is_genuine(headers: dict[str, str], body: bytes) -> bool:
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mine = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and hmac.compare_digest(headers["webhook-signature"], f"v1,{mine}")


@contextmanager
def receiving(authority: Authority) -> Iterator[Receiver]:
    receiver = Receiver(free_port())

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            time.sleep(receiver.pause)
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.ids.append(headers["webhook-id"])
            if _is_genuine(headers, body):
                status = receiver.answers.pop(0) if receiver.answers else 204
                if status == 204:
                    receiver.taken.append(body.decode())
            else:
                receiver.forged += 1
                status = 401
            self.send_response(status)
            self.send_header("location", "https://evil.example/")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests read what was taken, not a log."""

    certificate = authority.issue("localhost", "127.0.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", receiver.port), Hook)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(certificate.certificate), Path(certificate.key))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
