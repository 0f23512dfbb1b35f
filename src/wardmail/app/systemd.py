"""Tells systemd how the service does (sd_notify(3)); does nothing where nobody asks."""

from __future__ import annotations

import contextlib
import os
import socket
import time


class ServiceManager:
    """By `NOTIFY_SOCKET` and `WATCHDOG_USEC` of the environment, which children do not inherit."""

    def __init__(self) -> None:
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        microseconds = os.environ.pop("WATCHDOG_USEC", "")
        self._every = int(microseconds) / 1e6 / 3 if microseconds.isdigit() else 0.0
        self._patted_at = 0.0
        self._is_ready = False

    def ready(self, status: str) -> None:
        """Said once; only then the units that wait for us begin."""
        if not self._is_ready:
            self._is_ready = True
            self._tell(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """Call it often: it is passed on as often as the watchdog asks for."""
        now = time.monotonic()
        if self._every and now - self._patted_at >= self._every:
            self._patted_at = now
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # a manager that does not listen must not stop the supervisor
            sender.sendto(state.encode(), address)
