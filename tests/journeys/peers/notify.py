"""A contract server for GOV.UK Notify, from its public documentation (tech docs and OpenAPI of 2026), over real TLS.

Not the service itself: what it checks is what the documents ask of a client, and its answers have their documented form.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.journeys.peers.ground import CertificateFilesOnDisk

SERVICE, SECRET = "26785a09-ab16-4eb0-8407-a37497a57506", "3d844edf-8d35-48ac-975b-e847b4f122b0"
KEY = f"wardmail_test-{SERVICE}-{SECRET}".encode()
TEMPLATE = "f33517ff-2a88-4f6e-b855-c550268ce08a"
_FIELDS = {
    *("email_address", "template_id", "personalisation", "reference"),
    *("one_click_unsubscribe_url", "email_reply_to_id"),
}
_SMOKE = re.compile(r"simulate-delivered(-[23])?@notifications\.service\.gov\.uk")


@dataclass
class Notify:
    """`taken` is what was accepted. `refuse_next`: statuses and error kinds to answer with; `die_next`: after taking."""

    port: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refuse_next: list[tuple[int, str, str]] = field(default_factory=list)
    die_next: int = 0
    team_only: tuple[str, ...] = ()
    clock: float = 0.0

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.calls.append(f"{method} {path}")
        wrong = self._token_fault(authorization)
        if wrong:
            return _error(403, "AuthError", wrong)
        if self.refuse_next:
            return _error(*self.refuse_next.pop(0))
        parts = urlsplit(path)
        if method == "GET" and parts.path == "/v2/notifications":
            wanted = parse_qs(parts.query).get("reference", [None])[0]
            found = [each for each in self.taken if wanted is None or each["reference"] == wanted]
            return 200, {"notifications": found[:250], "links": {"current": path}}
        if method == "POST" and parts.path == "/v2/notifications/email":
            return self._send(json.loads(body))
        return _error(404, "NoResultFound", "No result found")

    def _send(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        unknown = set(asked) - _FIELDS
        if unknown:
            return _error(400, "ValidationError", f"Additional properties are not allowed ({min(unknown)})")
        to = asked.get("email_address", "")
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", to):
            return _error(400, "ValidationError", "email_address is not a valid email address")
        if asked.get("template_id") != TEMPLATE:
            return _error(400, "BadRequestError", "Template not found")
        if set(asked.get("personalisation", {})) != {"subject", "body"}:
            return _error(400, "BadRequestError", "Missing personalisation for template ID: body")
        if len(json.dumps(asked["personalisation"])) > 2_000_000:
            return _error(400, "BadRequestError", "Emails cannot be longer than 2000000 bytes. Yours is longer.")
        if self.team_only and to not in self.team_only:
            return _error(400, "BadRequestError", "Can't send to this recipient using a team-only API key")
        made = {**asked, "id": str(uuid.uuid4()), "status": "created"}
        if not _SMOKE.fullmatch(to):
            self.taken.append(made)
        return 201, {"id": made["id"], "reference": asked.get("reference"), "content": {}, "uri": "", "template": {}}

    def _token_fault(self, authorization: str) -> str:
        try:
            kind, token = authorization.split(" ")
            signed, _, signature = token.rpartition(".")
            mine = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
            head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        except (ValueError, TypeError):
            return "Invalid token: signature"
        if kind != "Bearer" or head != {"typ": "JWT", "alg": "HS256"} or claims.get("iss") != SERVICE:
            return "Invalid token: service not found"
        if not hmac.compare_digest(_decoded(signature), mine):
            return "Invalid token: API key not found"
        if abs((self.clock or time.time()) - claims["iat"]) > 30:
            return "Error: Your system clock must be accurate to within 30 seconds"
        return ""


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _error(status: int, kind: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"status_code": status, "errors": [{"error": kind, "message": message}]}


@contextmanager
def running_notify(certificate: CertificateFilesOnDisk) -> Iterator[Notify]:
    notify = Notify()

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = notify.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            if notify.die_next and self.command == "POST":
                notify.die_next -= 1
                self.close_connection = True
                self.connection.close()
                return
            octets = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    notify.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield notify
    finally:
        server.shutdown()
        server.server_close()
