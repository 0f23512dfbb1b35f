"""Reads the addresses of listeners and servers as settings and people write them."""

from __future__ import annotations

from wardmail.app.failures import USAGE, CommandFailed


def address(text: str, default_port: int | None = None) -> tuple[str, int]:
    """`192.0.2.1:465`, `[::1]:465`, or without a port where there is a default."""
    host, colon, port = text.rpartition(":")
    if default_port is not None and (not colon or text.endswith("]") or (text.count(":") > 1 and "]" not in text)):
        return text.strip("[]"), default_port
    if not colon or not port.isdigit():
        raise CommandFailed("WM-CONFIG-ADDRESS", f"{text!r} is no address with a port.", "Write 0.0.0.0:465.", USAGE)
    return host.strip("[]"), int(port)
