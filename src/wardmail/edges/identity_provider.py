"""Speaks to an OpenID Connect provider: discovery, code for token, keys; implements `ports.IdentityProvider`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from wardmail.edges.client_assertion import ASSERTION_TYPE, client_assertion
from wardmail.edges.guarded_https import GuardedHttps, HttpsAnswer, Target
from wardmail.edges.secret_threads import reveal_apart
from wardmail.model.provider_login import TENANT, Attempt, NotLetIn, ProvedSubject, ProviderTerms
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock, Secrets
from wardmail.protect.id_token import proved_subject
from wardmail.protect.signed_token import BadToken, Jwk, claims_of

_SECONDS = 10.0
_LARGEST = 256 * 1024
_KEEP = 3600.0
"""Seconds for which what discovery and the key set say is used."""

_KEYS_AT_MOST_EVERY = 60.0
"""Seconds: a token with a key that is not known makes us look again, but anybody can send such tokens."""

_PART = "the identity provider"


@dataclass(frozen=True, slots=True)
class ProviderPlace:
    """`secret_ref` or `key_ref` says how we prove who we are there. `redirect` and `after_log_out` are pages of ours."""

    issuer: str
    redirect: str
    after_log_out: str
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    secret_ref: str = ""
    key_ref: str = ""
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class _Discovered:
    issuer: str
    authorization: str
    token: str
    keys: str
    end_session: str
    names_itself: bool


class OidcProvider:
    def __init__(self, place: ProviderPlace, terms: ProviderTerms, secrets: Secrets, clock: Clock) -> None:
        self._place = place
        self._terms = terms
        self._secrets = secrets
        self._clock = clock
        self._https = GuardedHttps(_SECONDS)
        self._one = asyncio.Lock()
        self._discovered: tuple[float, _Discovered] | None = None
        self._keys: tuple[float, Sequence[Jwk]] | None = None

    async def address_to_log_in(self, attempt: Attempt) -> str:
        found = await self._discover()
        challenge = hashlib.sha256(attempt.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._terms.client_id,
            "redirect_uri": self._place.redirect,
            "scope": " ".join(self._place.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        if self._terms.acr:
            query["acr_values"] = " ".join(self._terms.acr)
        return _with_query(found.authorization, query)

    async def address_to_log_out(self) -> str:
        found = await self._discover()
        query = {"client_id": self._terms.client_id, "post_logout_redirect_uri": self._place.after_log_out}
        return _with_query(found.end_session, query) if found.end_session else ""

    async def redeem(self, code: str, attempt: Attempt, issuer: str | None) -> ProvedSubject | NotLetIn:
        found = await self._discover()
        if issuer != (found.issuer if found.names_itself or issuer is not None else None):
            return NotLetIn("WM-OIDC-ISSUER", "The answer did not come from the provider that was asked.")
        token = await self._token(found, code, attempt)
        if isinstance(token, NotLetIn):
            return token
        claims = claims_of(token, await self._key_set(found))
        if isinstance(claims, BadToken) and claims.is_key_unknown:
            claims = claims_of(token, await self._key_set(found, _KEYS_AT_MOST_EVERY))
        if isinstance(claims, BadToken):
            return NotLetIn("WM-OIDC-SIGNATURE", f"The provider's answer cannot be believed: {claims.why}.")
        return proved_subject(claims, self._terms, found.issuer, attempt.nonce, self._clock.now())

    async def _token(self, found: _Discovered, code: str, attempt: Attempt) -> str | NotLetIn:
        """RFC 6749 section 4.1.3 with RFC 7636. The code serves once, so nothing here is tried twice."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._place.redirect,
            "code_verifier": attempt.verifier,
        }
        proof, headers = await self._proof(found)
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = await self._ask("POST", found.token, headers, urlencode(form | proof).encode())
        fields = _object(answer.body)
        if answer.status == 200 and isinstance(fields.get("id_token"), str):
            return str(fields["id_token"])
        if fields.get("error") == "invalid_grant":
            return NotLetIn("WM-OIDC-CODE", "The provider's answer was used before, or is too old.", "Log in again.")
        if fields.get("error") == "invalid_client":
            # Perhaps it was changed in its store: the next log-in reads it anew.
            self._secrets.forget(self._place.key_ref or self._place.secret_ref)
            raise Unavailable(_PART, "it does not take our client secret or key")
        raise Unavailable(_PART, f"its token endpoint answered {answer.status} without an ID token")

    async def _proof(self, found: _Discovered) -> tuple[dict[str, str], dict[str, str]]:
        """Fields and headers that say who we are (OpenID Connect Core 1.0 section 9)."""
        client = self._terms.client_id
        if self._place.key_ref:
            pem = await reveal_apart(self._secrets, self._place.key_ref)
            try:
                assertion = client_assertion(pem, client, found.token, self._clock.now())
            except ValueError as error:
                raise Unavailable("our key for the identity provider", type(error).__name__) from error
            return {"client_id": client, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}, {}
        secret = (await reveal_apart(self._secrets, self._place.secret_ref)).decode("utf-8", "replace").strip()
        pair = base64.b64encode(f"{quote_plus(client)}:{quote_plus(secret)}".encode()).decode()
        return {}, {"Authorization": f"Basic {pair}"}

    async def _discover(self) -> _Discovered:
        """OpenID Connect Discovery 1.0 section 4."""
        async with self._one:
            now = self._clock.now()
            if self._discovered is None or now - self._discovered[0] > _KEEP:
                url = f"{self._place.issuer.rstrip('/')}/.well-known/openid-configuration"
                self._discovered = now, _discovered(await self._fetch(url), self._place.issuer)
            return self._discovered[1]

    async def _key_set(self, found: _Discovered, newer_than: float = _KEEP) -> Sequence[Jwk]:
        async with self._one:
            now = self._clock.now()
            if self._keys is None or now - self._keys[0] > newer_than:
                told = (await self._fetch(found.keys)).get("keys")
                if not isinstance(told, list) or len(told) > 100:
                    raise Unavailable(_PART, "its key set cannot be read")
                self._keys = now, [each for each in told if isinstance(each, dict)]
            return self._keys[1]

    async def _fetch(self, url: str) -> Mapping[str, Any]:
        answer = await self._ask("GET", url, {"Accept": "application/json"})
        if answer.status != 200:
            raise Unavailable(_PART, f"it answered {answer.status}")
        return _object(answer.body)

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], payload: bytes = b"") -> HttpsAnswer:
        # It may be inside a trust's own network: whoever writes the settings has said so by naming it.
        target = Target(url, allow_private=True, ca_file=self._place.ca_file)
        answer = await self._https.exchange(method, target, headers, payload, _LARGEST)
        if isinstance(answer, str):
            raise Unavailable(_PART, answer)
        return answer


def _discovered(told: Mapping[str, Any], issuer: str) -> _Discovered:
    """Raises Unavailable when the document is another issuer's, or sends us anywhere but to https."""
    if not _is_issuer(told.get("issuer"), issuer):
        raise Unavailable(_PART, "its discovery document names another issuer")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint")
    found = [told.get(name) or "" for name in names]
    if not all(_is_https(each) for each in found[:3]) or (found[3] and not _is_https(found[3])):
        raise Unavailable(_PART, "its discovery document lacks an https endpoint")
    names_itself = told.get("authorization_response_iss_parameter_supported") is True
    authorization, token, keys, end_session = map(str, found)
    return _Discovered(str(told["issuer"]), authorization, token, keys, end_session, names_itself)


def _is_issuer(told: object, issuer: str) -> bool:
    """The same, or Entra ID's form in which the tenant stands open."""
    if told == issuer:
        return True
    before, tenant, after = str(told).partition(TENANT)
    middle = issuer.removeprefix(before).removesuffix(after)
    return bool(tenant) and issuer == before + middle + after and "/" not in middle


def _is_https(url: object) -> bool:
    return isinstance(url, str) and urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)


def _object(body: bytes) -> Mapping[str, Any]:
    """Empty when it is none: whoever reads it misses what they need."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query, quote_via=quote)}"
