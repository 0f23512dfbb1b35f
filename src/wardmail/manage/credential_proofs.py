"""What proves an integration besides a secret: public keys that sign assertions, or a client certificate."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from wardmail.manage.integrations import BadInput
from wardmail.model.integration import Credential
from wardmail.protect.signed_token import Jwk, is_usable_key

_MOST_KEYS = 5
_PEM = b"-----BEGIN "
_UNKNOWN = BadInput(
    "That is no public key that is taken: RSA of 2048 bits or more, P-256 or Ed25519, as PEM, JWK or JWKS."
)


@dataclass(frozen=True, slots=True)
class Proofs:
    """How a new credential differs from a live one with a secret; the files as they were given, None for none."""

    is_test: bool = False
    public_key: bytes | None = None
    certificate: bytes | None = None


def with_proofs(credential: Credential, proofs: Proofs) -> Credential | BadInput:
    plain = replace(credential, is_test=proofs.is_test)
    keyed = plain if proofs.public_key is None else with_public_keys(plain, proofs.public_key)
    if isinstance(keyed, BadInput) or proofs.certificate is None:
        return keyed
    return with_certificate(keyed, proofs.certificate)


def with_public_keys(credential: Credential, text: bytes) -> Credential | BadInput:
    """`text` is a public key or certificate in PEM, or a JWK or JWKS. More keys than one, so that they can be changed."""
    if b"PRIVATE KEY" in text:
        return BadInput("That is a private key: it stays with the application. Give the public one.")
    keys = _keys(text)
    if not 0 < len(keys) <= _MOST_KEYS or not all(is_usable_key(each) for each in keys):
        return _UNKNOWN
    return replace(credential, public_keys=tuple(json.dumps(dict(each), sort_keys=True) for each in keys))


def with_certificate(credential: Credential, text: bytes) -> Credential | BadInput:
    """`text` is the client certificate in PEM; its thumbprint is kept (RFC 8705 section 2.2)."""
    try:
        certificate = x509.load_pem_x509_certificate(text)
    except ValueError:
        return BadInput("That is no certificate in PEM.")
    return replace(credential, certificate=certificate.fingerprint(hashes.SHA256()))


def _keys(text: bytes) -> list[Jwk]:
    """Empty when nothing can be read."""
    try:
        if text.lstrip().startswith(_PEM):
            return [_from_pem(text)]
        told = json.loads(text)
    except (ValueError, RecursionError, JoseError):
        return []
    if not isinstance(told, dict):
        return []
    found = told.get("keys", [told])
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _from_pem(text: bytes) -> Jwk:
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return kind.import_key(text).as_dict(private=False)
        except (ValueError, JoseError, TypeError):
            continue
    raise ValueError("no key of a kind that is taken")
