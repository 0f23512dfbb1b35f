"""What is kept of a credential's secret: enough to check it, never enough to use it."""

from __future__ import annotations

import hashlib
import hmac

SCRAM_ITERATIONS = 4096
"""RFC 7677's floor. The secrets are 256 random bits: no dictionary attack has anything to try, so more would only
cost every log-in."""


def secret_hash(pepper: bytes, secret: str) -> bytes:
    """HMAC-SHA-256 under a key from the keystore: a copy of the database alone proves nothing."""
    return hmac.digest(pepper, secret.encode(), "sha256")


def scram_keys(secret: str, salt: bytes, iterations: int = SCRAM_ITERATIONS) -> tuple[bytes, bytes]:
    """StoredKey and ServerKey of RFC 5802 section 3, for SCRAM-SHA-256. Our secrets are ASCII: SASLprep changes nothing."""
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hashlib.sha256(client_key).digest(), hmac.digest(salted, b"Server Key", "sha256")
