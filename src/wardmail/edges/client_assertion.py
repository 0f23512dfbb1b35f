"""Proves at a token endpoint that it is we who ask, by a signed token in place of a secret (RFC 7523 section 3)."""

from __future__ import annotations

import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64encode

_SECONDS = 60
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def client_assertion(pem: bytes, client_id: str, audience: str, now: float) -> str:
    """`pem` holds the private key and, for Entra ID, the certificate. Raises ValueError when it cannot be used."""
    is_elliptic = b"EC PRIVATE KEY" in pem
    try:
        key: RSAKey | ECKey = ECKey.import_key(pem) if is_elliptic else RSAKey.import_key(pem)
    except ValueError:
        key = ECKey.import_key(pem)
    header = {"alg": "PS256" if isinstance(key, RSAKey) else "ES256", "typ": "JWT", **_named(pem, key)}
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(16),
        "iat": int(now),
        "exp": int(now) + _SECONDS,
    }
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def _named(pem: bytes, key: RSAKey | ECKey) -> dict[str, str]:
    """Which of our keys it is: by the certificate's thumbprint, or by the key's own (RFC 7638)."""
    if b"BEGIN CERTIFICATE" not in pem:
        return {"kid": key.thumbprint()}
    certificate = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    return {"x5t#S256": urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode()}
