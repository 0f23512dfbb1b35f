"""Checks what a security key has signed (Web Authentication level 3, sections 7.1 and 7.2)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.exceptions import WebAuthnException

from wardmail.model.login import SecurityKey

_LONGEST_ID = 1023
"""Octets (section 4, `credential ID`)."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """`host` is the relying party's ID: a key that was made for it serves nowhere else. `origin` is its https address."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class NewKey:
    id: bytes
    public_key: bytes
    sign_count: int


def to_register(place: KeyPlace, challenge: bytes, person: tuple[str, str], handle: bytes, known: list[bytes]) -> str:
    """What a page asks the browser, as JSON (section 5.4). `person` is the user name and the name that people know."""
    user, name = person
    return json.dumps(
        {
            "rp": {"id": place.host, "name": place.host},
            "user": {"id": text_of(handle), "name": user, "displayName": name},
            "challenge": text_of(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in (-8, -7, -257)],
            "excludeCredentials": [{"type": "public-key", "id": text_of(each)} for each in known],
            "authenticatorSelection": {"userVerification": "required", "residentKey": "discouraged"},
            "attestation": "none",
            "timeout": 120_000,
        }
    )


def to_prove(place: KeyPlace, challenge: bytes, known: list[bytes]) -> str:
    """The same for a log-in (section 5.5)."""
    return json.dumps(
        {
            "rpId": place.host,
            "challenge": text_of(challenge),
            "allowCredentials": [{"type": "public-key", "id": text_of(each)} for each in known],
            "userVerification": "required",
            "timeout": 120_000,
        }
    )


def new_key(answer: str, challenge: bytes, place: KeyPlace) -> NewKey | None:
    """None whatever is wrong with it. No attestation is asked for: any key that people trust will do."""
    fields = _fields(answer)
    try:
        made = verify_registration_response(
            credential=fields,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not 0 < len(made.credential_id) <= _LONGEST_ID:
        return None
    return NewKey(made.credential_id, made.credential_public_key, made.sign_count)


def key_of(answer: str) -> bytes:
    """Whose signature it claims to be; empty when it says nothing that can be read."""
    return octets_of(str(_fields(answer).get("rawId", "")))


def new_count(answer: str, key: SecurityKey, challenge: bytes, place: KeyPlace) -> int | None:
    """The key's count after this signature; None whatever is wrong with it."""
    try:
        proved = verify_authentication_response(
            credential=_fields(answer),
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        return None
    return proved.new_sign_count if proved.credential_id == key.id else None


def text_of(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def octets_of(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if text.isascii() else b""
    except (binascii.Error, ValueError):
        return b""


def _fields(answer: str) -> dict[str, Any]:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
