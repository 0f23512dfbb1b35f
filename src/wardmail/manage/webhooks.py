"""Makes webhooks and their secrets, by the rules that a receiver of Standard Webhooks knows."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from wardmail.protocol.notifications import TYPES

_SHARED_OCTETS = 32


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """`kept` goes into the keystore; `told` is shown once: the shared secret, or the public key."""

    kept: str
    told: str


def make_secret(*, public: bool) -> SigningSecret:
    """`public`: Ed25519, so that the receiver holds nothing with which it could sign itself."""
    if not public:
        shared = "whsec_" + base64.b64encode(secrets.token_bytes(_SHARED_OCTETS)).decode()
        return SigningSecret(shared, shared)
    key = Ed25519PrivateKey.generate()
    seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    told = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningSecret("whsk_" + base64.b64encode(seed).decode(), "whpk_" + base64.b64encode(told).decode())


def new_endpoint_id() -> str:
    return "wh" + secrets.token_hex(6)


def endpoint_problem(url: str, types: Sequence[str]) -> str:
    """Why it cannot be used; empty when it can."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return f"{url!r} is no address."
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
        return "The address begins with https:// and holds no user name and no fragment."
    unknown = [each for each in types if each not in TYPES]
    if unknown:
        return f"{unknown[0]} is no type of event; there are {', '.join(TYPES)}."
    return ""
