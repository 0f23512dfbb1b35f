"""Asks a server of secrets over verified TLS: JSON both ways, bounded in time and size, and no word of it repeated."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wardmail.model.refusal import Unavailable

if TYPE_CHECKING:
    import httpx2

TIMEOUT = 10.0
"""Seconds for a whole call; somebody's mail waits meanwhile."""

_LARGEST = 256 * 1024

_REST = 3.0
"""Seconds after a call without an answer in which nobody waits for another one: who asks hears so at once."""


@dataclass(frozen=True, slots=True)
class StoreReply:
    """`fields` is empty when the answer was not a JSON object."""

    status: int
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def get(self, *path: str) -> Any:
        """The value at `path`, None when one of its steps is not there."""
        value: Any = self.fields
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value


class StoreCalls:
    """Blocking: call it from a thread. Errors are Unavailable and hold no address, header or body."""

    def __init__(self, part: str, ca_file: str = "", timeout: float = TIMEOUT) -> None:
        self._part = part
        self._ca_file = ca_file
        self._timeout = timeout
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None
        self._silent_until = 0.0

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: Mapping[str, object] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> StoreReply:
        """Redirects are not followed, and no proxy of the environment is used: the token goes to this server alone."""
        import httpx2  # heavy, and most commands ask no store

        if time.monotonic() < self._silent_until:
            raise self.unavailable("it did not answer a moment ago")
        try:
            content = None if body is None else json.dumps(body).encode()
            sent = {**headers, "Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
            end = time.monotonic() + self._timeout
            with self._http().stream(method, url, headers=sent, content=content, data=form) as response:
                answer = self._read(response, end)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            self._silent_until = time.monotonic() + _REST
            raise self.unavailable(f"the call failed ({type(error).__name__})") from None
        return StoreReply(response.status_code, _object(answer))

    def unavailable(self, why: str) -> Unavailable:
        return Unavailable(self._part, why)

    def _read(self, response: httpx2.Response, end: float) -> bytes:
        answer = b""
        for chunk in response.iter_bytes():
            answer += chunk
            if len(answer) > _LARGEST:
                raise self.unavailable(f"it sent more than {_LARGEST} octets")
            if time.monotonic() > end:
                self._silent_until = time.monotonic() + _REST
                raise self.unavailable("it did not finish its answer in time")
        return answer

    def _http(self) -> httpx2.Client:
        import httpx2

        with self._lock:
            if self._client is None:
                if self._ca_file and not Path(self._ca_file).is_file():
                    raise self.unavailable("its CA file is not there")
                trusted = ssl.create_default_context(cafile=self._ca_file or None)
                self._client = httpx2.Client(
                    verify=trusted, timeout=self._timeout / 2, trust_env=False, follow_redirects=False
                )
            return self._client


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
