"""Gives integrations access tokens for assertions that they sign (RFC 7523), and knows the tokens again."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Protocol

from wardmail.model.identity import Identity
from wardmail.model.integration import Credential
from wardmail.model.refusal import Refusal
from wardmail.ports import Clock, SpentProofs
from wardmail.protect.access_token import Granted, read, written
from wardmail.protect.signed_token import BadToken, claims_of, moment_of, subject_named

LASTS = 600
"""Seconds for which an access token is good; what ends its credential ends it at once."""

_LEEWAY = 60.0
_LONGEST_ASSERTION = 600.0
"""Seconds: an assertion is made for one request, and its `jti` is remembered for as long."""

_LONGEST_ID = 255


class Register(Protocol):
    """The part of `ports.SubmissionDesk` that knows credentials."""

    def credential(self, username: str) -> Credential | None: ...

    def admit(self, credential: Credential, peer: str) -> Identity | Refusal: ...

    def by_certificate(self, thumbprint: bytes) -> Credential | None: ...


class TokenDesk:
    """`audiences` are the names that an assertion may call us by: the token endpoint, or our address."""

    def __init__(
        self, register: Register, spent: SpentProofs, clock: Clock, pepper: bytes, audiences: tuple[str, ...]
    ) -> None:
        self._register = register
        self._spent = spent
        self._clock = clock
        self._key = hmac.digest(pepper, b"access token", "sha256")
        self._audiences = audiences

    def grant(self, assertion: str, client: str, peer: str) -> str | Refusal:
        """An access token. Blocks. `client`: whom the request names besides, or empty."""
        now = self._clock.now()
        username = subject_named(assertion)
        credential = self._register.credential(username)
        if credential is None or not credential.public_keys or client not in ("", username):
            return _rejected("no credential with a public key")
        claims = claims_of(assertion, [json.loads(each) for each in credential.public_keys])
        if isinstance(claims, BadToken):
            return _rejected(claims.why)
        why = self._why_not(claims, username, now)
        if why:
            return _rejected(why)
        identity = self._register.admit(credential, peer)
        if isinstance(identity, Refusal):
            return identity
        if not self._spent.spend(f"assertion {username} {claims['jti']}", now + _LONGEST_ASSERTION + 2 * _LEEWAY):
            return _rejected("the assertion has served before")
        return written(self._key, Granted(username, _mark(credential), int(now) + LASTS))

    def identity_of(self, token: str, peer: str) -> Identity | Refusal:
        """In memory; nothing is asked of the store."""
        granted = read(self._key, token, self._clock.now())
        credential = self._register.credential(granted.username) if granted else None
        if granted is None or credential is None or not hmac.compare_digest(_mark(credential), granted.mark):
            return _rejected("an access token that is not good, or not any more")
        return self._register.admit(credential, peer)

    def identity_by_certificate(self, thumbprint: bytes, peer: str) -> Identity | Refusal:
        """RFC 8705 section 2: the listener has checked the chain, and that the client holds the key."""
        credential = self._register.by_certificate(thumbprint)
        return _rejected("an unknown certificate") if credential is None else self._register.admit(credential, peer)

    def _why_not(self, claims: Mapping[str, Any], username: str, now: float) -> str:
        """RFC 7523 section 3; empty when all holds."""
        audience, unique, ends = claims.get("aud"), claims.get("jti"), moment_of(claims.get("exp"))
        named = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != username or claims.get("sub") != username:
            return "issuer and subject are not the client"
        if len(named) != 1 or named[0] not in self._audiences:
            return "the assertion is for another audience"
        if not isinstance(unique, str) or not 0 < len(unique) <= _LONGEST_ID or not unique.isprintable():
            return "the assertion has no jti"
        if ends is None or not now - _LEEWAY < ends <= now + _LONGEST_ASSERTION + _LEEWAY:
            return "the assertion is over, or good for longer than ten minutes"
        begins = [moment_of(claims.get(name, now)) for name in ("nbf", "iat")]
        is_begun = all(each is not None and each <= now + _LEEWAY for each in begins)
        return "" if is_begun else "the assertion is of the future"


def _rejected(private: str) -> Refusal:
    """The same words whatever was wrong, as with a secret."""
    return Refusal(535, "5.7.8", "Authentication credentials invalid", "WM-AUTH-INVALID", private)


def _mark(credential: Credential) -> str:
    return hashlib.sha256("\n".join(credential.public_keys).encode()).hexdigest()[:32]
