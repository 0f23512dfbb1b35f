"""An identity provider in the shape of Microsoft Entra ID v2.0, as its documentation describes the tokens and endpoints.

* `organizations` serves every tenant: the discovery document's issuer has `{tenantid}` in it, a token's has the `tid`;
* `oid` with `tid` names a person for ever, `sub` only within one application; `preferred_username` may change;
* a person in more than 200 groups gets `_claim_names` and `_claim_sources` in place of `groups`;
* keys have `kid`, `x5t`, `x5c` and `issuer`, and no `alg`; they change at any time;
* a code serves once, with the verifier of its challenge (RFC 7636), for the client that proves itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.journeys.peers.https_server import HttpReply, HttpRequest

CLIENT, SECRET = "6731de76-14a6-49ae-97bc-6eba6914391e", "client/secret+4711:%"
TENANT, OTHER_TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee", "bbbbcccc-1111-dddd-2222-eeee3333ffff"
OWNERS, READERS = "0e129f5b-6b0a-4944-982d-f776045632af", "ab603c56-0684-11e9-8eb2-f2801f1b9fd1"


@dataclass
class Entra:
    """`claims` are put over what a token says by itself; None leaves one out. `misbehave` gets each request first."""

    now: Callable[[], float]
    origin: str = ""
    segment: str = "organizations"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    signs_with: Any = None
    published: list[dict[str, Any]] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[HttpRequest] = field(default_factory=list)
    client_key: Any = None
    misbehave: Callable[[HttpRequest], HttpReply | None] = lambda request: None

    @property
    def issuer(self) -> str:
        return f"{self.origin}/{self.segment}/v2.0"

    def new_key(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)})

    def consent(self, address: str) -> dict[str, str]:
        """A person logs in at the page that the browser was sent to; gives what the browser comes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(24)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, request: HttpRequest) -> HttpReply:
        self.requests.append(request)
        path = urlsplit(request.target).path
        return (
            self.misbehave(request)
            or {
                f"/{self.segment}/v2.0/.well-known/openid-configuration": lambda: _json(self._document()),
                "/keys": lambda: _json({"keys": self._keys()}),
                "/token": lambda: self._token(request),
            }.get(path, lambda: HttpReply(404))()
        )

    def _document(self) -> dict[str, Any]:
        tenant = "{tenantid}" if self.segment in {"organizations", "common"} else self.segment
        return {
            "issuer": f"{self.origin}/{tenant}/v2.0",
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "jwks_uri": f"{self.origin}/keys",
            "end_session_endpoint": f"{self.origin}/logout",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        }

    def _keys(self) -> list[dict[str, Any]]:
        if self.published is not None:
            return self.published
        public = self.key.as_dict(private=False)
        return [{**public, "use": "sig", "x5t": public["kid"], "issuer": f"{self.origin}/{{tenantid}}/v2.0"}]

    def _token(self, request: HttpRequest) -> HttpReply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if not self._is_client(request, form):
            return _json({"error": "invalid_client"}, 401)
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return _json({"error": "invalid_grant"}, 400)
        return _json({"token_type": "Bearer", "access_token": "a", "expires_in": 3599, "id_token": self._signed(asked)})

    def _is_client(self, request: HttpRequest, form: dict[str, str]) -> bool:
        if self.client_key is not None:
            assertion = jwt.decode(form.get("client_assertion", "."), self.client_key, algorithms=["PS256"])
            assert assertion.claims["aud"] == f"{self.origin}/token"
            assert "x5t#S256" in assertion.header or "kid" in assertion.header
            return bool(assertion.claims["iss"] == assertion.claims["sub"] == CLIENT)
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(value).decode().partition(":")
        decoded = [parse_qs(f"v={each}")["v"][0] for each in (name, secret or "-")]
        return scheme == "Basic" and decoded == [CLIENT, SECRET]

    def _signed(self, asked: dict[str, str]) -> str:
        now = int(self.now())
        own = {
            "aud": CLIENT,
            "iss": f"{self.origin}/{TENANT}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "nonce": asked["nonce"],
            "ver": "2.0",
            "tid": TENANT,
            "oid": "90c7220d-c0f4-4a9b-8ebe-8ae0a4f4b4b5",
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "name": "Amina Khan",
            "preferred_username": "Amina.Khan@trust.example",
            "amr": ["pwd", "mfa"],
            "groups": [READERS],
        }
        claims = {name: value for name, value in {**own, **self.claims}.items() if value is not None}
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key.kid, **self.header}
        if header["alg"] == "none":
            parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in (header, claims))
            return ".".join(part.rstrip("=") for part in parts) + "."
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library would rather call EdDSA by its newer name
            return jwt.encode(header, claims, self.signs_with or self.key, algorithms=[header["alg"]])


def overage(origin: str) -> dict[str, Any]:
    """What stands in a token in place of the groups of somebody who has very many."""
    return {
        "groups": None,
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": f"{origin}/v1.0/users/90c7220d/getMemberObjects"}},
    }


def public_keys(*keys: RSAKey) -> list[dict[str, Any]]:
    return [dict(each) for each in KeySet(list(keys)).as_dict(private=False)["keys"]]


def _json(value: object, status: int = 200) -> HttpReply:
    return HttpReply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})
