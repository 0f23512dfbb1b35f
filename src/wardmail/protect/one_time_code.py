"""One-time codes by the time (RFC 6238, on RFC 4226): six digits, 30 seconds, HMAC-SHA-1 as every authenticator has it."""

from __future__ import annotations

import base64
import hmac
from urllib.parse import quote, urlencode

STEP = 30
DIGITS = 6
_DRIFT = (0, -1, 1)
"""A clock may be one step off (RFC 6238 section 5.2)."""


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """RFC 4226 section 5.3."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_of(secret: bytes, code: str, now: float) -> int | None:
    """The time step that a code belongs to; None when it is none of now. Whether it was used before is the caller's."""
    here = int(now) // STEP
    found = None
    for drift in _DRIFT:
        if hmac.compare_digest(code_at(secret, here + drift).encode(), code.encode()):
            found = here + drift
    return found


def setting_up(secret: bytes, person: str, issuer: str) -> tuple[str, str]:
    """What an authenticator takes: the secret in base32 in groups of four, and the address of a QR code."""
    text = base64.b32encode(secret).decode().rstrip("=")
    label = quote(f"{issuer}:{person}")
    address = f"otpauth://totp/{label}?{urlencode({'secret': text, 'issuer': issuer})}"
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4)), address
