"""Azure Key Vault, the token service and the metadata service as their REST references describe them (API 7.4).

There is no Azure on the test machines: this answers in the documented shapes over real TLS, and no more is proved.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from tests.journeys.peers.store_server import Answer, Request

CLIENT_SECRET = "Planted~Client~Secret~of~Ours"
TOKEN = "eyJPlantedAzureToken.abc.def"
SCOPE = re.compile(r"https://localhost(:\d+)?/\.default").fullmatch
VERSION = "78deebed173b48e48f55abf87ed4cf71"


@dataclass
class Azure:
    """Secrets and keys by name; `ends` are the `exp` attributes. Every vault of the suffix `localhost` is this one."""

    secrets: dict[str, str] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    issued: int = 0

    def __call__(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        steps = parts.path.strip("/").split("/")
        if steps[-1] == "token":
            return self._token(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return 401, {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer token."}}
        assert parse_qs(parts.query)["api-version"] == ["7.4"]
        name = steps[1]
        if steps[0] == "secrets" and name in self.secrets:
            dates = {"enabled": True, "created": 1493938410, "updated": 1493938410}
            attributes = dates | ({"exp": self.ends[name]} if name in self.ends else {})
            return 200, {"value": self.secrets[name], "id": f"https://v/secrets/{name}/x", "attributes": attributes}
        if steps[0] == "keys" and name in self.keys:
            return self._signed(name, request) if steps[-1] == "sign" else self._shown(name)
        return 404, {"error": {"code": "SecretNotFound", "message": f"A secret with name {name} was not found"}}

    def _token(self, request: Request) -> Answer:
        if request.method == "GET":  # the metadata service: numbers are texts there
            good = request.headers.get("metadata") == "true"
            return (200, {"access_token": TOKEN, "expires_in": "86399"}) if good else (400, {"error": "bad_request"})
        form = parse_qs(request.body.decode())
        if form["client_secret"] != [CLIENT_SECRET] or not SCOPE(form["scope"][0]):
            return 401, {"error": "invalid_client", "error_description": f"wrong: {form['client_secret']}"}
        self.issued += 1
        return 200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}

    def _shown(self, name: str) -> Answer:
        numbers = self.keys[name].public_key().public_numbers()
        shown = {"kid": f"https://v/keys/{name}/{VERSION}", "kty": "RSA", "n": _text(numbers.n), "e": _text(numbers.e)}
        return 200, {"key": shown, "attributes": {"enabled": True}}

    def _signed(self, name: str, request: Request) -> Answer:
        wanted = request.fields
        assert wanted["alg"] == "RS256"
        text = str(wanted["value"])
        digest = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        signature = self.keys[name].sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        encoded = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
        return 200, {"kid": f"https://v/keys/{name}/{VERSION}", "value": encoded}


def _text(number: int) -> str:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
