"""Who calls: an integration, by one of its credentials, as a bearer key or by basic log-in."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from wardmail.model.identity import Identity
from wardmail.model.refusal import Refusal
from wardmail.web import KEY_PREFIX
from wardmail.web.api.problem import Problem, problem_of
from wardmail.web.api.services import services_of

_LONGEST = 1_000
_HOW = "Send `Authorization: Bearer wmk_USERNAME.SECRET`, or a basic log-in, with a credential of the integration."


def peer_of(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


async def identified(request: Request) -> Identity:
    """Raises Problem (401) in the same words whatever was wrong with the credential.

    In the event loop, for the ledger is not safe in threads; everything that is asked here is in memory.
    """
    services, peer = services_of(request), peer_of(request)
    offered = _offered(request.headers.get("authorization", ""))
    if offered is None:
        raise problem_of(Refusal(535, "5.7.8", _HOW.rstrip("."), "WM-AUTH-MISSING"))
    username, secret = offered
    now = time.monotonic()
    if services.ledger.is_locked_out(peer, username, now):
        raise Problem(
            429, "WM-AUTH-LOCKED", "Too many failures", "Too many failed log-ins from your address.", headers=LATER
        )
    identity = services.desk.authenticate(username, secret, peer)
    if isinstance(identity, Refusal):
        services.ledger.record_failed_login(peer, username, now)
        raise problem_of(identity)
    return identity


Caller = Annotated[Identity, Depends(identified)]
LATER = {"Retry-After": "600"}


def _offered(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.strip().partition(" ")
    if len(value) > _LONGEST:
        return None
    if scheme.lower() == "bearer" and value.startswith(KEY_PREFIX):
        # A user name may hold a dot; a secret never does.
        username, _, secret = value.removeprefix(KEY_PREFIX).rpartition(".")
        return (username, secret) if username and secret else None
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (username, secret) if colon else None
