"""HashiCorp Vault: secrets of its key-value engine, and signatures by keys of its transit engine."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from wardmail.edges.revealed import PublicKey, Revealed, day_of, public_key_of, shown_key
from wardmail.edges.store_calls import StoreCalls, StoreReply
from wardmail.model.refusal import Unavailable
from wardmail.model.secret_reference import TransitKey, VaultField

_RENEW_AT = 0.8
_SHORTEST_TOKEN = 60.0
_REFUSALS = {
    403: "it answered 403: our token may not do that, or has ended",
    404: "it answered 404: there is no such secret, or its newest version was deleted",
    429: "it answered 429: too many questions",
    503: "it answered 503: it is sealed or in maintenance",
}


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """`auth` is token, approle or kubernetes; `token` and `secret_id` are references."""

    address: str
    namespace: str = ""
    ca_file: str = ""
    auth: str = "token"
    auth_mount: str = ""
    token: str = ""
    role: str = ""
    secret_id: str = ""
    jwt_file: str = ""


class HashicorpVault:
    """`reveal` opens the references of the settings themselves. Blocking; safe for threads."""

    def __init__(self, settings: VaultSettings, reveal: Callable[[str], bytes], timeout: float = 10.0) -> None:
        self._settings = settings
        self._reveal = reveal
        self._calls = StoreCalls("the vault", settings.ca_file, timeout)
        self._lock = threading.Lock()
        self._token: tuple[str, float] | None = None
        self._engines: dict[str, tuple[str, int]] = {}

    def read(self, wanted: VaultField) -> Revealed:
        """Of a key-value engine of either version. Raises Unavailable."""
        mount, version = self._engine(wanted.path)
        rest = wanted.path.removeprefix(mount)
        path = f"{mount}data/{rest}" if version == 2 else wanted.path
        reply = self._ask("GET", path)
        fields = reply.get("data", "data") if version == 2 else reply.get("data")
        value = fields.get(wanted.field) if isinstance(fields, dict) else None
        if not isinstance(value, str) or not value:
            raise self._calls.unavailable("the secret has no such field, or it is no text")
        meta = reply.get("data", "metadata") if version == 2 else None
        return Revealed(value.encode(), *_dates(meta if isinstance(meta, dict) else {}))

    def public_key(self, key: TransitKey) -> PublicKey:
        """The newest version of a transit key, which signatures are then asked of by its number."""
        reply = self._ask("GET", f"{key.mount}/keys/{key.name}")
        version, kind = reply.get("data", "latest_version"), str(reply.get("data", "type"))
        text = reply.get("data", "keys", str(version), "public_key")
        if not isinstance(text, str):
            raise self._calls.unavailable("that key cannot sign: it has no public part")
        try:
            return public_key_of(_public_octets(text, kind), str(version))
        except ValueError as error:
            raise self._calls.unavailable(str(error)) from None

    def sign(self, key: TransitKey, version: str, algorithm: str, digest: bytes) -> bytes:
        """Only the digest is sent. For Ed25519 it is the message (RFC 8463 section 3)."""
        wanted: dict[str, object] = {"input": base64.b64encode(digest).decode(), "key_version": int(version)}
        if algorithm == "rsa-sha256":
            wanted |= {"prehashed": True, "hash_algorithm": "sha2-256", "signature_algorithm": "pkcs1v15"}
        reply = self._ask("POST", f"{key.mount}/sign/{key.name}", wanted)
        signature = str(reply.get("data", "signature"))
        prefix = f"vault:v{version}:"
        if not signature.startswith(prefix):
            raise self._calls.unavailable("it signed with another version of the key")
        try:
            return base64.b64decode(signature.removeprefix(prefix), validate=True)
        except binascii.Error:
            raise self._calls.unavailable("its signature cannot be read") from None

    def _engine(self, path: str) -> tuple[str, int]:
        """The mount (with its final slash) and the version of the engine, asked for once for each mount."""
        for mount, version in self._engines.values():
            if path.startswith(mount):
                return mount, version
        reply = self._ask("GET", f"sys/internal/ui/mounts/{path}")
        mount = reply.get("data", "path")
        if not isinstance(mount, str) or not mount.endswith("/") or not path.startswith(mount):
            raise self._calls.unavailable("it names no key-value engine for that path")
        version = 2 if reply.get("data", "options", "version") == "2" else 1
        self._engines[mount] = (mount, version)
        return mount, version

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> StoreReply:
        """A token that is refused is got anew, once: it may have been revoked before its time."""
        reply = self._once(method, path, body, self._current_token())
        if reply.status == 403:
            reply = self._once(method, path, body, self._current_token(renew=True))
        if reply.status != 200:
            raise self._calls.unavailable(_REFUSALS.get(reply.status, f"it answered {reply.status}"))
        return reply

    def _once(self, method: str, path: str, body: Mapping[str, object] | None, token: str) -> StoreReply:
        headers = {"X-Vault-Request": "true"}
        if self._settings.namespace:
            headers["X-Vault-Namespace"] = self._settings.namespace
        if token:
            headers["X-Vault-Token"] = token
        address = self._settings.address.rstrip("/")
        if not address.startswith("https://"):
            raise self._calls.unavailable("vault.address must be an https address")
        return self._calls.ask(method, f"{address}/v1/{quote(path)}", headers, body=body)

    def _current_token(self, *, renew: bool = False) -> str:
        with self._lock:
            if self._token is None or renew or time.monotonic() >= self._token[1]:
                self._token = None
                self._token = self._log_in()
            return self._token[0]

    def _log_in(self) -> tuple[str, float]:
        settings = self._settings
        match settings.auth:
            case "token":
                # Read again each minute: an agent that renews the token writes it to the same place.
                return _text(self._reveal(settings.token)), time.monotonic() + _SHORTEST_TOKEN
            case "approle":
                wanted = {"role_id": settings.role, "secret_id": _text(self._reveal(settings.secret_id))}
            case "kubernetes":
                wanted = {"role": settings.role, "jwt": self._service_account()}
            case _:
                raise self._calls.unavailable("vault.auth is none of token, approle and kubernetes")
        reply = self._once("POST", f"auth/{settings.auth_mount or settings.auth}/login", wanted, "")
        token, lease = reply.get("auth", "client_token"), reply.get("auth", "lease_duration")
        if reply.status != 200 or not isinstance(token, str):
            raise self._calls.unavailable(f"the log-in by {settings.auth} was refused ({reply.status})")
        lifetime = float(lease) if isinstance(lease, int | float) and lease > 0 else 3600.0
        return token, time.monotonic() + _RENEW_AT * lifetime

    def _service_account(self) -> str:
        try:
            return Path(self._settings.jwt_file).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise self._calls.unavailable("the service account's token cannot be read") from None


def _text(secret: bytes) -> str:
    try:
        return secret.decode("ascii").strip()
    except UnicodeDecodeError:
        raise Unavailable("the vault", "our own token or secret ID is no text") from None


def _dates(meta: Mapping[str, object]) -> tuple[float | None, str | None]:
    """When this version was written; and `expires`, if somebody said so in the secret's custom metadata."""
    custom = meta.get("custom_metadata")
    expires = custom.get("expires") if isinstance(custom, dict) else None
    try:
        since = datetime.fromisoformat(str(meta.get("created_time"))[:19] + "+00:00").timestamp()
    except ValueError:
        since = None
    return since, day_of(expires)


def _public_octets(text: str, kind: str) -> bytes:
    """PEM for RSA; for Ed25519 the 32 octets in base64."""
    if kind != "ed25519":
        return text.encode()
    try:
        return shown_key(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise ValueError("its public key cannot be read") from None
