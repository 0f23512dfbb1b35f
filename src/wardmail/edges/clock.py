"""The real clock, and message IDs made from it."""

from __future__ import annotations

import secrets
import time

from wardmail.model.message_id import RANDOM_BITS, make_id


class SystemClock:
    def now(self) -> float:
        return time.time()


def new_message_id() -> str:
    return make_id(time.time(), secrets.randbits(RANDOM_BITS))
