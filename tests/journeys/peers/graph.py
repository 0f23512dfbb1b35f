"""Microsoft Graph v1.0 as its documentation describes it: folders, messages, delta, `$value`, move, subscriptions.

* an ID changes when a message moves, unless the request prefers immutable ones;
* a page holds ten messages unless asked otherwise, may be empty, and may repeat what an earlier one said;
* a delta token may be forgotten (410), and four requests at a time are allowed for one mailbox (429 with Retry-After);
* a subscription is made only when its address has echoed a token; less than 45 minutes are made 45; the answer says
  when it ends; notifications carry `clientState`.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.journeys.peers.https_server import HttpReply, HttpRequest

_LONGEST = timedelta(minutes=10_080)
_SHORTEST = timedelta(minutes=45)


@dataclass
class Kept:
    content: bytes
    folder: str
    immutable: str
    moves: int = 0

    def id(self, request: HttpRequest) -> str:
        steady = 'IdType="ImmutableId"' in request.headers.get("prefer", "")
        return self.immutable if steady else f"{self.immutable}{self.moves}"


@dataclass
class Graph:
    """One mailbox. `misbehave` gets each request first; None: answer as documented. `hear` sends what is notified."""

    user: str = "letters@trust.example"
    secret: bytes = b"client-secret-4711"
    origin: str = ""
    folders: dict[str, str] = field(default_factory=lambda: {"inbox": "Inbox"})
    messages: list[Kept] = field(default_factory=list)
    log: list[Kept] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    requests: list[HttpRequest] = field(default_factory=list)
    subscriptions: dict[str, dict[str, str]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    misbehave: Callable[[HttpRequest], HttpReply | None] = lambda request: None
    hear: Callable[[str, bytes], tuple[int, bytes]] = lambda url, body: (0, b"")
    most_at_once: int = 0
    slow: float = 0.0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, content: bytes, folder: str = "inbox") -> Kept:
        kept = Kept(content, folder, f"AAkALg{uuid.uuid4().hex}=")
        self.messages.append(kept)
        self.log.append(kept)
        return kept

    def contents(self, folder: str) -> list[bytes]:
        ids = {folder, *(key for key, name in self.folders.items() if name == folder)}
        return [kept.content for kept in self.messages if kept.folder in ids]

    def answer(self, request: HttpRequest) -> HttpReply:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.requests.append(request)
            crowded = self._now > 4
        try:
            time.sleep(self.slow)
            wrong = self.misbehave(request)
            if wrong is not None:
                return wrong
            return _error(429, "ApplicationThrottled", {"Retry-After": "1"}) if crowded else self._answer(request)
        finally:
            with self._lock:
                self._now -= 1

    def _answer(self, request: HttpRequest) -> HttpReply:
        parts = urlsplit(request.target)
        if parts.path == "/tenant/oauth2/v2.0/token":
            return self._token(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _error(401, "InvalidAuthenticationToken")
        steps = [unquote(step) for step in parts.path.strip("/").split("/")]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if steps[:2] == ["v1.0", "subscriptions"]:
            return self._subscription(request, steps[2:])
        if steps[:3] != ["v1.0", "users", self.user]:
            return _error(404, "ErrorInvalidUser")
        match steps[3:]:
            case ["mailFolders"] | ["mailFolders", _, "childFolders"]:
                return self._folder(request, query)
            case ["mailFolders", folder, "messages", "delta"]:
                return self._delta(request, folder, query)
            case ["messages", key, *rest]:
                return self._message(request, key, rest)
        return _error(400, "BadRequest")

    def _token(self, request: HttpRequest) -> HttpReply:
        if parse_qs(request.body.decode()).get("client_secret") != [self.secret.decode()]:
            return _json(401, {"error": "invalid_client"})
        self.tokens.add(token := uuid.uuid4().hex)
        return _json(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3599})

    def _folder(self, request: HttpRequest, query: dict[str, str]) -> HttpReply:
        if request.method == "POST":
            name = json.loads(request.body)["displayName"]
            if name in self.folders.values():
                return _error(409, "ErrorFolderExists")
            self.folders[key := f"AAMkF{uuid.uuid4().hex}="] = name
            return _json(201, {"id": key, "displayName": name})
        wanted = query.get("$filter", "").removeprefix("displayName eq '").removesuffix("'").replace("''", "'")
        rows = [{"id": key, "displayName": name} for key, name in self.folders.items() if name == wanted]
        return _json(200, {"value": rows})

    def _delta(self, request: HttpRequest, folder: str, query: dict[str, str]) -> HttpReply:
        since, at = 0, 0
        if token := query.get("$deltatoken") or query.get("$skiptoken"):
            if token in self.forgotten:
                return _error(410, "SyncStateNotFound")
            since, at = map(int, token.split("-"))
        size = int((request.headers.get("prefer", "").partition("odata.maxpagesize=")[2] or "10").split(",")[0])
        changes = self.log[since:]
        page = changes[at : at + size]
        rows: list[dict[str, Any]] = []
        for kept in page:
            there = kept in self.messages and kept.folder == folder
            if there or since:
                rows.append({"id": kept.id(request)} | ({} if there else {"@removed": {"reason": "deleted"}}))
        path = f"{self.origin}/v1.0/users/{quote(self.user, safe='')}/mailFolders/{folder}/messages/delta"
        if at + size < len(changes):
            return _json(200, {"value": rows, "@odata.nextLink": f"{path}?$skiptoken={since}-{at + size}"})
        return _json(200, {"value": rows, "@odata.deltaLink": f"{path}?$deltatoken={len(self.log)}-0"})

    def _message(self, request: HttpRequest, key: str, rest: list[str]) -> HttpReply:
        kept = next((each for each in self.messages if each.id(request) == key), None)
        if kept is None:
            return _error(404, "ErrorItemNotFound")
        if rest == ["$value"]:
            return HttpReply(200, kept.content, {"Content-Type": "text/plain"})
        if rest == ["move"]:
            kept.folder, kept.moves = json.loads(request.body)["destinationId"], kept.moves + 1
            self.log.append(kept)
            return _json(201, {"id": kept.id(request)})
        if request.method == "DELETE":
            self.messages.remove(kept)
            self.log.append(kept)
            return HttpReply(204)
        return _error(400, "BadRequest")

    def _subscription(self, request: HttpRequest, steps: list[str]) -> HttpReply:
        if request.method == "POST" and not steps:
            wanted = json.loads(request.body)
            for url in {wanted["notificationUrl"], wanted["lifecycleNotificationUrl"]}:
                token = f"Validation: {uuid.uuid4()}"
                status, echoed = self.hear(f"{url}?validationToken={quote(token)}", b"")
                if (status, echoed) != (200, token.encode()):
                    return _error(400, "ValidationError")
            made = wanted | {"id": str(uuid.uuid4()), "expirationDateTime": _until(wanted["expirationDateTime"])}
            self.subscriptions[made["id"]] = made
            return _json(201, made)
        if not steps or steps[0] not in self.subscriptions:
            return _error(404, "ExtensionError")
        if request.method == "DELETE":
            del self.subscriptions[steps[0]]
            return HttpReply(204)
        made = self.subscriptions[steps[0]]
        made["expirationDateTime"] = _until(json.loads(request.body)["expirationDateTime"])
        return _json(200, made)

    def notify(self, lifecycle: str = "", state: str | None = None) -> list[int]:
        """Tells every subscriber; gives the statuses that they answered with."""
        statuses = []
        for key, made in list(self.subscriptions.items()):
            item = {"subscriptionId": key, "clientState": made["clientState"] if state is None else state}
            item |= {"lifecycleEvent": lifecycle} if lifecycle else {"changeType": "created", "resource": "Users/x"}
            url = made["lifecycleNotificationUrl" if lifecycle else "notificationUrl"]
            statuses.append(self.hear(url, json.dumps({"value": [item]}).encode())[0])
        return statuses


def _until(wanted: str) -> str:
    now = datetime.now(UTC)
    until = datetime.fromisoformat(wanted.replace("Z", "+00:00"))
    return min(max(until, now + _SHORTEST), now + _LONGEST).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")


def _json(status: int, fields: object) -> HttpReply:
    return HttpReply(status, json.dumps(fields).encode(), {"Content-Type": "application/json"})


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> HttpReply:
    reply = _json(status, {"error": {"code": code, "message": "The documentation has words here."}})
    reply.headers |= headers or {}
    return reply
