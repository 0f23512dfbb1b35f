"""Asks Rspamd, by POST /checkv2 with the envelope: its action, its score and the names of its symbols."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Sequence

import httpx2

from wardmail.edges.secret_threads import reveal_apart
from wardmail.model.inspection import ScanOutcome, ScanReport
from wardmail.model.refusal import Unavailable
from wardmail.model.sender import Sending
from wardmail.ports import Secrets

_LARGEST_REPLY = 1024 * 1024
_MOST_SYMBOLS = 200
_SYMBOL = re.compile(r"[A-Za-z0-9_.-]{1,100}").fullmatch
_BAD = frozenset({"reject", "rewrite subject", "add header", "quarantine", "discard"})
_GOOD = frozenset({"no action"})
_LATER = frozenset({"greylist", "soft reject"})
"""They ask for the message to come again: here that is no spam yet, and a score for the verdict."""


class RspamdScanner:
    """Implements `ports.Scanner`. `url` of a worker that scans, such as http://127.0.0.1:11333."""

    name = "rspamd"

    def __init__(
        self, url: str, secrets: Secrets | None = None, password_ref: str = "", *, seconds: float = 30.0
    ) -> None:
        self._url = url.rstrip("/") + "/checkv2"
        self._secrets = secrets
        self._password_ref = password_ref
        self._seconds = seconds
        self._http: httpx2.AsyncClient | None = None

    async def scan(self, message: bytes, sending: Sending, recipients: Sequence[str]) -> ScanReport:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(message, await self._headers(sending, recipients))
        except TimeoutError:
            return _unknown("it did not answer in time")
        except Unavailable as error:
            return _unknown(f"its password cannot be read: {error.part}")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, RecursionError) as error:
            return _unknown(f"the connection failed ({type(error).__name__})")

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _headers(self, sending: Sending, recipients: Sequence[str]) -> list[tuple[str, str]]:
        said = [("IP", sending.ip), ("Helo", sending.helo), ("From", sending.mail_from)]
        said += [("Rcpt", address) for address in recipients[:100]]
        headers = [(name, value) for name, value in said if value and value.isascii() and value.isprintable()]
        if self._password_ref and self._secrets is not None:
            headers.append(("Password", (await reveal_apart(self._secrets, self._password_ref)).decode("ascii")))
        return headers

    async def _ask(self, message: bytes, headers: list[tuple[str, str]]) -> ScanReport:
        if self._http is None:
            self._http = httpx2.AsyncClient(timeout=None, trust_env=False, follow_redirects=False)
        async with self._http.stream("POST", self._url, content=message, headers=headers) as response:
            if response.status_code != 200:
                return _unknown(f"it answered {response.status_code}")
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _LARGEST_REPLY:
                    return _unknown("its answer has no end")
        return _meaning(json.loads(body))


def _meaning(answer: object) -> ScanReport:
    """Skipped is not looked at, but for what it knows at first sight, such as its test message."""
    if not isinstance(answer, dict):
        return _unknown("its answer cannot be read")
    action, score, limit = answer.get("action"), _number(answer.get("score")), _number(answer.get("required_score"))
    symbols = answer.get("symbols")
    if not isinstance(action, str) or score is None or not isinstance(symbols, dict):
        return _unknown("its answer cannot be read")
    names = tuple(name for name in list(symbols)[:_MOST_SYMBOLS] if isinstance(name, str) and _SYMBOL(name))
    if action in _BAD:
        return ScanReport("rspamd", ScanOutcome.FOUND, names, score, limit, why=action)
    if answer.get("is_skipped") not in (None, False):
        return _unknown("it did not look")
    if action in _GOOD | _LATER:
        return ScanReport("rspamd", ScanOutcome.CLEAN, names, score, limit, why=action)
    return _unknown("its action is none that we know")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _unknown(why: str) -> ScanReport:
    return ScanReport("rspamd", ScanOutcome.UNKNOWN, why=why)
