"""The XOAUTH2 answer: a bearer token in place of a password."""

from __future__ import annotations

import base64


def initial_response(username: str, token: str) -> bytes:
    """Base64 of `user=NAME ^A auth=Bearer TOKEN ^A ^A`. Raises ValueError when a part could end its field early."""
    if not username.isprintable() or not token.isascii() or not token.isprintable() or " " in token or not token:
        raise ValueError("a user name or token for XOAUTH2 holds characters that it must not")
    return base64.b64encode(f"user={username}\x01auth=Bearer {token}\x01\x01".encode())
