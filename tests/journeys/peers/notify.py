"""A contract server for GOV.UK Notify, from its public documentation (tech docs and OpenAPI of 2026), over real TLS.

Not the service itself: what it checks is what the documents ask of a client, and its answers have their documented form.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.journeys.peers.ground import CertificateFilesOnDisk
from tests.journeys.peers.https_server import HttpReply, HttpRequest, https_server

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
    page: int = 250

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.calls.append(f"{method} {path}")
        wrong = self._token_fault(authorization)
        if wrong:
            return _error(403, "AuthError", wrong)
        if self.refuse_next:
            return _error(*self.refuse_next.pop(0))
        parts = urlsplit(path)
        if method == "GET" and parts.path == "/v2/notifications":
            return self._list(parse_qs(parts.query), path)
        if method == "POST" and parts.path == "/v2/notifications/email":
            return self._send(json.loads(body))
        return _error(404, "NoResultFound", "No result found")

    def _list(self, query: dict[str, list[str]], path: str) -> tuple[int, dict[str, Any]]:
        found = list(reversed(self.taken))
        for name in ("reference", "status"):
            if name in query:
                found = [each for each in found if each[name] == query[name][0]]
        if "older_than" in query:
            ids = [each["id"] for each in found]
            found = found[ids.index(query["older_than"][0]) + 1 :]
        page = found[: self.page]
        links = {"current": path} | ({"next": f"{path}&older_than={page[-1]['id']}"} if len(found) > self.page else {})
        return 200, {"notifications": page, "links": links}

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

    def reply(request: HttpRequest) -> HttpReply:
        authorization = request.headers.get("authorization", "")
        status, answer = notify.answer(request.method, request.target, authorization, request.body)
        if notify.die_next and request.method == "POST":
            notify.die_next -= 1
            return HttpReply(status, silent=True)
        return HttpReply(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    with https_server(certificate, reply) as notify.port:
        yield notify
