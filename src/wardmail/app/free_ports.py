"""Makes sure that nobody else listens on our ports, before any process starts."""

from __future__ import annotations

import socket

from wardmail.app.failures import CONFLICT, CommandFailed
from wardmail.app.host_and_port import address
from wardmail.app.settings import Settings
from wardmail.app.wiring import listener_settings


def require_free_ports(settings: Settings, *of_loopback: int) -> None:
    """Workers share their ports (SO_REUSEPORT), so the kernel would let a second gateway in without a word."""
    for endpoint in listener_settings(settings).endpoints:
        _require_free(endpoint.host, endpoint.port)
    for text in (*settings["listen.https"], *settings["receive.listen"]):
        _require_free(*address(text))
    for port in of_loopback:
        _require_free("127.0.0.1", port)


def _require_free(host: str, port: int) -> None:
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
        what = f"{host} port {port} cannot be used: {error.strerror}."
        to_do = (
            "Stop what listens there, or choose another: `wardmail run --help` has the options, `listen` the settings."
        )
        raise CommandFailed("WM-PORT-IN-USE", what, to_do, CONFLICT) from error
