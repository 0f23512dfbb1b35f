"""What every door of one process that people or programs log in at asks about an address."""

from __future__ import annotations

from typing import Protocol


class LoginLedger(Protocol):
    """Counts failed log-ins by address. `now` of a steady clock."""

    def is_locked_out(self, peer: str, username: str, now: float) -> bool: ...

    def record_failed_login(self, peer: str, username: str, now: float) -> None: ...
