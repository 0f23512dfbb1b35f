"""Access tokens of the API: who may call and until when, under a keyed hash, so that any process can check one."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass

PREFIX = "wmt_"
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Granted:
    """`mark` is of the credential's keys: with other keys the token is void. `until` in seconds since the epoch."""

    username: str
    mark: str
    until: int


def written(key: bytes, granted: Granted) -> str:
    body = json.dumps([granted.username, granted.mark, granted.until], separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(body).decode().rstrip("=")
    return f"{PREFIX}{text}.{_proof(key, text)}"


def read(key: bytes, token: str, now: float) -> Granted | None:
    """None when it is not ours, or over."""
    text, dot, proof = token.removeprefix(PREFIX).partition(".")
    if not (token.startswith(PREFIX) and dot and token.isascii()) or len(token) > _LONGEST:
        return None
    if not hmac.compare_digest(_proof(key, text), proof):
        return None
    try:
        granted = Granted(*json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except (binascii.Error, ValueError, TypeError):
        return None
    return granted if now < granted.until else None


def _proof(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()
