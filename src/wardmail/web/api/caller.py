"""Who calls: an integration, by a key, a basic log-in, an access token, or the certificate of its connection."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from wardmail.model.identity import Identity
from wardmail.model.refusal import Refusal
from wardmail.protect.access_token import PREFIX as TOKEN_PREFIX
from wardmail.web import KEY_PREFIX, LIVE, TEST
from wardmail.web.api.problem import Problem, problem_of
from wardmail.web.api.services import ApiServices, services_of

_LONGEST = 1_000
_HOW = (
    "Send `Authorization: Bearer` with an API key or an access token of /oauth2/token, a basic log-in, or nothing but the "
    "client certificate of the integration."
)
SCHEMES: Mapping[str, Any] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "wmk_live_USERNAME.SECRET or wmk_test_… of a credential",
    },
    "basic": {"type": "http", "scheme": "basic"},
    "token": {
        "type": "oauth2",
        "description": "Client credentials with private_key_jwt (RFC 7523)",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": {}}},
    },
    "certificate": {"type": "mutualTLS", "description": "A client certificate that is registered with the credential"},
}
"""As OpenAPI says it; any one of them will do."""


@dataclass(frozen=True, slots=True)
class _Offered:
    """A user name with its secret. `is_test` is what the key says of itself; None when it says nothing."""

    username: str
    secret: str
    is_test: bool | None = None


def peer_of(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


async def identified(request: Request) -> Identity:
    """Raises Problem (401) in the same words whatever was wrong with the credential.

    In the event loop, for the ledger is not safe in threads; everything that is asked here is in memory.
    """
    services, peer = services_of(request), peer_of(request)
    header = request.headers.get("authorization", "")
    proved = _proved_otherwise(request, services, header, peer)
    if proved is not None:
        # Not counted: nobody guesses a token, and many calls may come with one that is just over.
        return _known(proved)
    offered = _offered(header)
    if offered is None:
        raise problem_of(Refusal(535, "5.7.8", _HOW.rstrip("."), "WM-AUTH-MISSING"))
    username, now = offered.username, time.monotonic()
    if services.ledger.is_locked_out(peer, username, now):
        raise Problem(
            429, "WM-AUTH-LOCKED", "Too many failures", "Too many failed log-ins from your address.", headers=LATER
        )
    identity = services.desk.authenticate(username, offered.secret, peer)
    if not isinstance(identity, Refusal) and offered.is_test not in (None, identity.credential.is_test):
        identity = Refusal(535, "5.7.8", "This key is not what it says: live or test", "WM-AUTH-KEY-KIND")
    if isinstance(identity, Refusal):
        services.ledger.record_failed_login(peer, username, now)
    return _known(identity)


def _known(identity: Identity | Refusal) -> Identity:
    """Raises Problem."""
    if isinstance(identity, Refusal):
        raise problem_of(identity)
    return identity


def _proved_otherwise(request: Request, services: ApiServices, header: str, peer: str) -> Identity | Refusal | None:
    """By an access token, or by the connection's certificate where nothing else is offered."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer" and value.startswith(TOKEN_PREFIX):
        return services.tokens.identity_of(value.strip(), peer)
    certificate = getattr(request.state, "client_certificate", b"")
    return services.tokens.identity_by_certificate(certificate, peer) if certificate and not header else None


Caller = Annotated[Identity, Depends(identified)]


async def identified_for_live(caller: Caller) -> Identity:
    """Raises Problem (403) for a test key: whoever tries things out takes no live mail, and hears of none."""
    if caller.credential.is_test:
        raise Problem(403, "WM-TEST-KEY", "Not with a test key", "This is about live mail: use a live key.")
    return caller


LiveCaller = Annotated[Identity, Depends(identified_for_live)]
LATER = {"Retry-After": "600"}


def _offered(header: str) -> _Offered | None:
    scheme, _, value = header.strip().partition(" ")
    if len(value) > _LONGEST:
        return None
    if scheme.lower() == "bearer" and value.startswith(KEY_PREFIX):
        # A user name may hold a dot; a secret never does.
        named = value.removeprefix(KEY_PREFIX)
        is_test = True if named.startswith(TEST) else False if named.startswith(LIVE) else None
        username, _, secret = named.removeprefix(TEST if is_test else LIVE).rpartition(".")
        return _Offered(username, secret, is_test) if username and secret else None
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return _Offered(username, secret) if colon else None
