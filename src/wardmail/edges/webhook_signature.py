"""Signs what is posted, as Standard Webhooks asks: HMAC-SHA-256 (`v1`) or Ed25519 (`v1a`) over ID, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SHARED, _PRIVATE = "whsec_", "whsk_"
_SEED = 32


def signature(secret: bytes, message_id: str, at: int, payload: bytes) -> str:
    """`whsec_` and `whsk_` are followed by base64, as Standard Webhooks writes them; anything else is a shared secret.

    Raises ValueError for a key that is none.
    """
    signed = b"%b.%d.%b" % (message_id.encode(), at, payload)
    text = secret.decode("ascii", "replace").strip()
    if text.startswith(_PRIVATE):
        seed = base64.b64decode(text.removeprefix(_PRIVATE), validate=True)[:_SEED]
        return "v1a," + base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).sign(signed)).decode()
    key = base64.b64decode(text.removeprefix(_SHARED), validate=True) if text.startswith(_SHARED) else secret
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(secrets: Sequence[bytes], message_id: str, at: int, payload: bytes) -> dict[str, str]:
    """One signature for each secret: a receiver that knows any of them can check."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signature(each, message_id, at, payload) for each in secrets),
        "content-type": "application/json",
        "user-agent": "wardmail",
    }
