"""Azure Key Vault: secrets, and signatures by keys that never leave it."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from wardmail.edges.revealed import PublicKey, Revealed, public_key_of, rsa_key
from wardmail.edges.store_calls import StoreCalls, StoreReply
from wardmail.model.secret_reference import AzureItem

API = "7.4"
METADATA_SERVICE = "http://169.254.169.254/metadata/identity/oauth2/token"
"""Plain, but never leaves the machine: the address is link-local, and the hypervisor answers."""

_RENEW_AT = 0.8
_PLAIN_HOSTS = frozenset({"169.254.169.254", "127.0.0.1", "::1", "localhost"})
_REFUSALS = {
    401: "it answered 401: our token was not taken",
    403: "it answered 403: our identity may not do that",
    404: "it answered 404: there is no such secret or key",
    429: "it answered 429: too many questions",
}


@dataclass(frozen=True, slots=True)
class AzureSettings:
    """An application's own secret (`tenant`, `client_id`, reference `client_secret`), or a managed identity's address."""

    tenant: str = ""
    client_id: str = ""
    client_secret: str = ""
    managed_identity: str = ""
    authority: str = "https://login.microsoftonline.com"
    suffix: str = "vault.azure.net"
    ca_file: str = ""


class AzureKeyVault:
    """`reveal` opens the reference of our own client secret. Blocking; safe for threads."""

    def __init__(self, settings: AzureSettings, reveal: Callable[[str], bytes], timeout: float = 10.0) -> None:
        self._settings = settings
        self._reveal = reveal
        self._calls = StoreCalls("the Azure key vault", settings.ca_file, timeout)
        self._lock = threading.Lock()
        self._token: tuple[str, float] | None = None

    def read(self, wanted: AzureItem) -> Revealed:
        reply = self._ask("GET", wanted, "secrets", wanted.version)
        value, attributes = reply.get("value"), reply.get("attributes") or {}
        if not isinstance(value, str) or not value:
            raise self._calls.unavailable("the secret is empty")
        return Revealed(value.encode(), _number(attributes, "updated"), _day(_number(attributes, "exp")))

    def public_key(self, key: AzureItem) -> PublicKey:
        reply = self._ask("GET", key, "keys", key.version)
        found = reply.get("key") or {}
        try:
            if str(found.get("kty")) not in {"RSA", "RSA-HSM"}:
                raise ValueError("that key is not RSA; Azure has no Ed25519")
            octets = rsa_key(_integer(found["n"]), _integer(found["e"]))
            return public_key_of(octets, urlsplit(str(found["kid"])).path.rpartition("/")[2])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._calls.unavailable(f"its key cannot be used ({error})") from None

    def sign(self, key: AzureItem, version: str, digest: bytes) -> bytes:
        """PKCS #1 v1.5 over a SHA-256 digest; nothing but the digest is sent."""
        reply = self._ask("POST", key, "keys", f"{version}/sign", {"alg": "RS256", "value": _encoded(digest)})
        try:
            return _decoded(str(reply.fields["value"]))
        except (KeyError, ValueError):
            raise self._calls.unavailable("its signature cannot be read") from None

    def _ask(
        self, method: str, item: AzureItem, kind: str, rest: str, body: dict[str, object] | None = None
    ) -> StoreReply:
        place = f"https://{item.vault}.{self._settings.suffix}/{kind}/{item.name}/{rest}".rstrip("/")
        url = f"{place}?api-version={API}"
        reply = self._calls.ask(method, url, self._authorisation(), body=body)
        if reply.status == 401:  # withdrawn before its time
            reply = self._calls.ask(method, url, self._authorisation(renew=True), body=body)
        if reply.status != 200:
            raise self._calls.unavailable(_REFUSALS.get(reply.status, f"it answered {reply.status}"))
        return reply

    def _authorisation(self, *, renew: bool = False) -> dict[str, str]:
        with self._lock:
            if self._token is None or renew or time.monotonic() >= self._token[1]:
                self._token = None
                self._token = self._fetch()
            return {"Authorization": f"Bearer {self._token[0]}"}

    def _fetch(self) -> tuple[str, float]:
        """From our own authority only, whatever a vault's challenge may name."""
        settings = self._settings
        reply = self._from_machine() if settings.managed_identity else self._by_secret()
        token, lifetime = reply.get("access_token"), reply.get("expires_in")
        if reply.status != 200 or not isinstance(token, str) or not token.isascii():
            raise self._calls.unavailable(f"our identity was given no token ({reply.status})")
        try:
            return token, time.monotonic() + _RENEW_AT * float(lifetime or 300)
        except (TypeError, ValueError):
            return token, time.monotonic() + 300

    def _by_secret(self) -> StoreReply:
        settings = self._settings
        if not settings.authority.startswith("https://"):
            raise self._calls.unavailable("azure.authority must be an https address")
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": self._reveal(settings.client_secret).decode("utf-8", "replace"),
            "scope": f"https://{settings.suffix}/.default",
        }
        return self._calls.ask("POST", f"{settings.authority}/{settings.tenant}/oauth2/v2.0/token", {}, form=form)

    def _from_machine(self) -> StoreReply:
        settings = self._settings
        parts = urlsplit(settings.managed_identity)
        if parts.scheme != "https" and parts.hostname not in _PLAIN_HOSTS:
            raise self._calls.unavailable("azure.managed_identity is plain HTTP to another machine")
        query = {"api-version": "2018-02-01", "resource": f"https://{settings.suffix}"}
        if settings.client_id:
            query["client_id"] = settings.client_id
        return self._calls.ask("GET", f"{settings.managed_identity}?{urlencode(query)}", {"Metadata": "true"})


def _number(attributes: Any, name: str) -> float | None:
    value = attributes.get(name) if isinstance(attributes, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _day(at: float | None) -> str | None:
    try:
        return None if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _integer(text: object) -> int:
    return int.from_bytes(_decoded(str(text)), "big")


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError("no base64") from None
