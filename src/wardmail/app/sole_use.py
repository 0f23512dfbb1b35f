"""Makes sure that this is the only gateway on its directory and its ports, before any process starts."""

from __future__ import annotations

import contextlib
import fcntl
import socket
from collections.abc import Iterator

from wardmail.app.failures import CONFLICT, CommandFailed
from wardmail.app.settings import Settings
from wardmail.app.wiring import listener_settings


@contextlib.contextmanager
def sole_use(settings: Settings) -> Iterator[None]:
    """Held for as long as the gateway runs; a lock of a process that died is gone with it. Raises CommandFailed."""
    with (settings.data / "gateway.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandFailed(
                "WM-RUNNING",
                f"A gateway runs on {settings.data} already.",
                "Stop it first, or give this one another directory.",
                CONFLICT,
            ) from error
        for endpoint in listener_settings(settings).endpoints:
            _require_free(endpoint.host, endpoint.port)
        yield


def _require_free(host: str, port: int) -> None:
    """Our workers share their ports (SO_REUSEPORT), so the kernel would let a second gateway in without a word."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError as error:
        raise CommandFailed(
            "WM-PORT-PRIVILEGED",
            f"Port {port} is for privileged users.",
            "Use systemd's AmbientCapabilities=CAP_NET_BIND_SERVICE.",
        ) from error
    except OSError as error:
        raise CommandFailed(
            "WM-PORT-IN-USE",
            f"{host} port {port} cannot be used: {error.strerror}.",
            "Stop what listens there, or choose another.",
            CONFLICT,
        ) from error
