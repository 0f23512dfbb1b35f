"""Knocks at our own listeners: whether a worker's event loop answers, which a mere connection does not prove."""

from __future__ import annotations

import socket
import ssl


def greets(host: str, port: int, *, tls: bool, timeout: float) -> bool:
    """With `tls` a handshake, else an SMTP greeting. Blocking, seconds. Nothing secret is said, so no name is proved."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (a comparison, not a bind)
    try:
        with socket.create_connection((host, port), timeout) as connection:
            if not tls:
                return connection.recv(3) == b"220"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            with context.wrap_socket(connection):
                return True
    except OSError:
        return False
