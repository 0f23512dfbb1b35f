"""Speaks to ServiceNow: Identification and Reconciliation, and the Table API to look at what came of it."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from wardmail.edges.oauth import TokenSource
from wardmail.model.cmdb import CmdbRefused, CmdbRow, Reconciled
from wardmail.model.refusal import Unavailable
from wardmail.model.route import OAuthClient
from wardmail.ports import Clock, Secrets

_PART = "the CMDB"
_LARGEST = 4 * 1024 * 1024
_TIMEOUT = 60.0
_TRIES = 4
_LONGEST_WAIT = 60.0
_NOTHING_YET = {"", "Unknown"}
_DONE = frozenset(
    {"INSERT", "UPDATE", "NO_CHANGE", "UPDATE_WITH_UPGRADE", "UPDATE_WITH_DOWNGRADE", "UPDATE_WITH_SWITCH"}
)


@dataclass(frozen=True, slots=True)
class ServiceNowSettings:
    """`instance` is `https://trust.service-now.com`; `oauth` None means basic log-in as `user`."""

    instance: str
    class_name: str
    source: str
    correlation_field: str
    user: str
    secret_ref: str
    oauth: OAuthClient | None = None
    ca_file: str | None = None


class ServiceNow:
    """Implements `ports.Cmdb`. One record a request, so that one bad record stops no other."""

    def __init__(self, settings: ServiceNowSettings, secrets: Secrets, clock: Clock) -> None:
        self._settings = settings
        self._secrets = secrets
        self._tokens = TokenSource(secrets, clock, settings.ca_file)
        self._context: ssl.SSLContext | None = None

    async def find(self, correlation: str) -> Sequence[CmdbRow]:
        field = self._settings.correlation_field
        query = {
            "sysparm_query": f"{field}={correlation}",
            "sysparm_fields": f"sys_id,name,{field}",
            "sysparm_limit": "10",
            "sysparm_exclude_reference_link": "true",
        }
        status, answer = await self._ask("GET", f"/api/now/table/{self._settings.class_name}", query)
        if status == 404:
            return ()  # version 1 of the API says so when nothing matches
        rows = _result(answer, list)
        return [self._row(each) for each in rows if isinstance(each, dict)]

    async def read(self, sys_id: str) -> CmdbRow | None:
        query = {
            "sysparm_fields": f"sys_id,name,{self._settings.correlation_field}",
            "sysparm_exclude_reference_link": "true",
        }
        status, answer = await self._ask("GET", f"/api/now/table/{self._settings.class_name}/{sys_id}", query)
        return None if status == 404 else self._row(_result(answer, dict))

    async def reconcile(self, values: Mapping[str, str], correlation: str, *, commit: bool) -> Reconciled | CmdbRefused:
        settings = self._settings
        item = {
            "className": settings.class_name,
            "values": dict(values),
            "sys_object_source_info": {"source_name": settings.source, "source_native_key": correlation},
        }
        path = "/api/now/identifyreconcile" if commit else "/api/now/identifyreconcile/query"
        status, answer = await self._ask(
            "POST", path, {"sysparm_data_source": settings.source}, {"items": [item], "relations": []}
        )
        if status == 404:
            raise Unavailable(_PART, f"it has no {path}")
        return _outcome(_result(answer, dict), commit=commit)

    def _row(self, row: dict[str, Any]) -> CmdbRow:
        correlation = row.get(self._settings.correlation_field)
        return CmdbRow(str(row.get("sys_id", "")), str(correlation or ""), str(row.get("name") or ""))

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: object = None
    ) -> tuple[int, dict[str, Any]]:
        """200, 201 or 404 with what was said. Waits where it is told to; asks for a new token once. Raises Unavailable."""
        renewed = False
        for attempt in range(_TRIES):
            status, headers, raw = await self._send(method, path, query, body, renew=renewed)
            if status == 401 and self._settings.oauth is not None and not renewed:
                renewed = True
            elif status == 429 and attempt < _TRIES - 1:
                await asyncio.sleep(min(_LONGEST_WAIT, _seconds(headers.get("retry-after", ""))))
            else:
                return _checked(status, raw)
        raise Unavailable(_PART, "it has had too many requests (429)")

    async def _send(
        self, method: str, path: str, query: Mapping[str, str], body: object, *, renew: bool
    ) -> tuple[int, Mapping[str, str], bytes]:
        try:
            headers = {"Accept": "application/json", "Authorization": await self._authorization(renew=renew)}
            async with (
                httpx2.AsyncClient(
                    verify=self._verification(), timeout=_TIMEOUT, trust_env=False, follow_redirects=False
                ) as http,
                http.stream(
                    method, self._settings.instance + path, params=dict(query), json=body, headers=headers
                ) as response,
            ):
                return response.status_code, response.headers, await _read(response)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise Unavailable(_PART, f"no answer from {self._settings.instance} ({type(error).__name__})") from error

    async def _authorization(self, *, renew: bool) -> str:
        settings = self._settings
        if settings.oauth is None:
            secret = self._secrets.reveal(settings.secret_ref).decode().strip()
            return "Basic " + base64.b64encode(f"{settings.user}:{secret}".encode()).decode()
        token = await self._tokens.token_of(settings.oauth, renew=renew)
        if not isinstance(token, str):
            raise Unavailable(_PART, token.why)
        return f"Bearer {token}"

    def _verification(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._settings.ca_file)
        return self._context


async def _read(response: httpx2.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _LARGEST:
            raise Unavailable(_PART, "it sent too much")
    return body


def _checked(status: int, raw: bytes) -> tuple[int, dict[str, Any]]:
    try:
        answer = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        answer = None
    if status in {401, 403}:
        raise Unavailable(
            _PART,
            f"it refused our log-in or its scope ({status} {_said(answer)}): the user needs the role itil, and an OAuth "
            "client the REST API scope of /api/now/identifyreconcile and of its /query",
        )
    if status not in {200, 201, 404}:
        raise Unavailable(_PART, f"it answered {status} {_said(answer)}".rstrip())
    if not isinstance(answer, dict):
        raise Unavailable(_PART, f"it answered {status} with something that is not JSON")
    return status, answer


def _result(answer: dict[str, Any], kind: type) -> Any:
    """The answer itself, which some versions wrap in `result`; an `error` beside a 200 is an error still."""
    if answer.get("error"):
        raise Unavailable(_PART, f"it answered with an error: {_said(answer)}")
    result = answer.get("result", answer if kind is dict else None)
    if not isinstance(result, kind):
        raise Unavailable(_PART, "its answer has another form than its documentation says")
    return result


def _outcome(result: dict[str, Any], *, commit: bool) -> Reconciled | CmdbRefused:
    """A 200 says nothing: each item has errors of its own."""
    items = result.get("items")
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        raise Unavailable(_PART, "its answer names no item")
    item = items[0]
    errors = item.get("errors") or []
    if errors or item.get("errorCount"):
        told = [f"{e.get('error', '')}: {e.get('message', '')}" for e in errors if isinstance(e, dict)]
        return CmdbRefused(_short("; ".join(told) or "it names an error and no reason"))
    operation, sys_id = str(item.get("operation", "")), str(item.get("sysId", ""))
    sys_id = "" if sys_id in _NOTHING_YET else sys_id
    if operation not in _DONE or (commit and not sys_id) or not all(c.isalnum() for c in sys_id):
        return CmdbRefused(_short(f"it answered {operation or 'no operation'}, with record {sys_id or '(none)'}"))
    return Reconciled(operation, sys_id)


def _said(answer: object) -> str:
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        return _short(f"{error.get('message', '')}: {error.get('detail', '')}")
    return _short(str(error or ""))


def _short(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:300]


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 5.0
