"""A TLS server that answers lines as a script says, for clients of line protocols to be lied to."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.journeys.peers.ground import Authority

Answer = Callable[[bytes], bytes | None]
"""Gets a line, gives what is sent back; None ends the connection."""


@contextmanager
def answering(authority: Authority, greeting: bytes, answer: Answer) -> Iterator[tuple[int, list[bytes]]]:
    """Gives the port, and the lines that were heard."""
    certificate = authority.issue("localhost", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(certificate.certificate), Path(certificate.key))
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve(raw: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError), context.wrap_socket(raw, server_side=True) as connection:
            connection.sendall(greeting)
            with connection.makefile("rb") as lines:
                for line in lines:
                    heard.append(line)
                    said = answer(line)
                    if said is None:
                        return
                    connection.sendall(said)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        listener.close()
