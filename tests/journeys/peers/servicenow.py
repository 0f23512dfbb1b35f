"""ServiceNow as its documentation describes it (release Australia): the three calls that are used, with their traps.

* an invalid part of `sysparm_query` is ignored, so that a query by a misspelt field matches everything;
* the limit counts before access control, so that rows are missing from a full page;
* identification answers 200, with the errors inside each item; attributes that a class lacks are dropped;
* `sysparm_data_source` must be a choice of `cmdb_ci.discovery_source`;
* version 1 of the Table API says 404 when nothing matches; too many requests are answered 429.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.journeys.peers.ground import CertificateFilesOnDisk
from tests.journeys.peers.https_server import HttpReply, HttpRequest, https_server

Answer = tuple[int, dict[str, Any]]

_UNAUTHENTICATED = {
    "error": {"message": "User Not Authenticated", "detail": "Required to provide Auth information"},
    "status": "failure",
}
_UNSCOPED = {
    "error": {"message": "User Not Authorized", "detail": "Access to unscoped api is not allowed"},
    "status": "failure",
}
_NOT_FOUND = {"error": {"message": "No Record found", "detail": "Record doesn't exist or ACL restricts it"}}


@dataclass
class Instance:
    """One instance with one class; `hidden` are rows that access control keeps from us."""

    user: str = "wardmail"
    secret: str = "s3cret"
    columns: set[str] = field(
        default_factory=lambda: {"name", "short_description", "correlation_id", "operational_status", "comments"}
    )
    sources: set[str] = field(default_factory=lambda: {"Wardmail"})
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    unscoped: bool = False
    old_table_api: bool = False
    busy: int = 0
    answers_with: Answer | None = None
    tokens: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, **row: str) -> str:
        sys_id = uuid.uuid4().hex
        self.rows[sys_id] = {"sys_id": sys_id, **row}
        return sys_id

    def answer(self, method: str, target: str, authorization: str, body: bytes) -> Answer:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((method, parts.path))
        if parts.path == "/oauth_token.do":
            return self._token({name: values[0] for name, values in parse_qs(body.decode()).items()})
        if not self._is_known(authorization):
            return 401, _UNAUTHENTICATED
        if self.busy:
            self.busy -= 1
            return 429, {"error": {"message": "Rate limit exceeded", "detail": ""}}
        if self.answers_with is not None:
            return self.answers_with
        if parts.path.startswith("/api/now/table/"):
            return self._table(parts.path.removeprefix("/api/now/table/").split("/"), query)
        if self.unscoped:
            return 403, _UNSCOPED
        return self._identify(json.loads(body), query, commit=not parts.path.endswith("/query"))

    def _token(self, form: dict[str, str]) -> Answer:
        if (form.get("client_id"), form.get("client_secret")) != (self.user, self.secret):
            return 401, {"error": "access_denied", "error_description": "access_denied"}
        self.tokens.add(token := uuid.uuid4().hex)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 1799, "scope": "useraccount"}

    def _is_known(self, authorization: str) -> bool:
        kind, _, value = authorization.partition(" ")
        if kind == "Basic":
            return base64.b64decode(value).decode() == f"{self.user}:{self.secret}"
        return kind == "Bearer" and value in self.tokens

    def _table(self, path: list[str], query: dict[str, str]) -> Answer:
        fields = query["sysparm_fields"].split(",")
        if len(path) > 1:
            row = self.rows.get(path[1])
            return (404, _NOT_FOUND) if row is None or path[1] in self.hidden else (200, {"result": _only(row, fields)})
        wanted = [part.partition("=") for part in query.get("sysparm_query", "").split("^")]
        valid = [(name, value) for name, _, value in wanted if name in self.columns | {"sys_id"}]
        found = [row for row in self.rows.values() if all(row.get(name, "") == value for name, value in valid)]
        page = found[: int(query.get("sysparm_limit", "10000"))]
        shown = [_only(row, fields) for row in page if row["sys_id"] not in self.hidden]
        return (404, _NOT_FOUND) if self.old_table_api and not shown else (200, {"result": shown})

    def _identify(self, payload: dict[str, Any], query: dict[str, str], *, commit: bool) -> Answer:
        items = [self._item(each, n, query, commit=commit) for n, each in enumerate(payload["items"])]
        return 200, {"result": {"items": items, "relations": []}}

    def _item(self, item: dict[str, Any], n: int, query: dict[str, str], *, commit: bool) -> dict[str, Any]:
        source = query.get("sysparm_data_source", "")
        base = {"className": item["className"], "inputIndices": [n], "markers": [], "identifierEntrySysId": "Unknown"}
        if source not in self.sources:
            words = f"In payload invalid data source [{source}] exist. You need to provide a valid choice value"
            error = {"error": "INVALID_INPUT_DATA", "message": words}
            return {**base, "sysId": "Unknown", "errorCount": 1, "errors": [error]}
        info = item.get("sys_object_source_info", {})
        key = (info.get("source_name", ""), info.get("source_native_key", ""))
        values = {name: value for name, value in item["values"].items() if name in self.columns}
        match = self._keys.get(key) or next(
            (sys_id for sys_id, row in self.rows.items() if row.get("name") == values.get("name")), None
        )
        before = dict(self.rows.get(match or "", {}))
        operation = "INSERT" if match is None else "NO_CHANGE" if before == before | values else "UPDATE"
        if commit:
            match = match or self.add()
            self.rows[match] |= values
            self._keys[key] = match
        attempt = {"attemptResult": "MATCHED" if match else "NO_MATCH", "attributes": ["name"]}
        return {
            **base,
            "operation": operation,
            "sysId": match or "Unknown",
            "errorCount": 0,
            "identificationAttempts": [attempt],
        }


@contextmanager
def running_instance(certificate: CertificateFilesOnDisk, instance: Instance) -> Iterator[str]:
    """Gives the address of the instance."""

    def reply(request: HttpRequest) -> HttpReply:
        authorization = request.headers.get("authorization", "")
        status, answer = instance.answer(request.method, request.target, authorization, request.body)
        return HttpReply(status, json.dumps(answer).encode(), {"Content-Type": "application/json", "Retry-After": "0"})

    with https_server(certificate, reply) as port:
        yield f"https://localhost:{port}"


def _only(row: dict[str, str], fields: list[str]) -> dict[str, str]:
    """A field that the table lacks is left out, as the API does."""
    return {name: row[name] for name in fields if name in row}
