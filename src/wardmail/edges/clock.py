"""The real clock, and message IDs made from it."""

from __future__ import annotations

import secrets
import time

from wardmail.model.message_id import RANDOM_BITS, make_id


class SystemClock:
    """This machine's clock. `ahead` (seconds) is for trials: it shows what a later day will bring."""

    def __init__(self, ahead: float = 0.0) -> None:
        self._ahead = ahead

    def now(self) -> float:
        return time.time() + self._ahead

    def new_message_id(self) -> str:
        """IDs sort by the time at which they were made."""
        return make_id(self.now(), secrets.randbits(RANDOM_BITS))
