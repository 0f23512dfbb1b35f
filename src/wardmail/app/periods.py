"""Reads how long ago somebody means."""

from __future__ import annotations

import re

from wardmail.app.failures import USAGE, CommandFailed

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_period(text: str) -> float:
    """`90s`, `30m`, `12h`, `7d`, `2w` in seconds. Raises CommandFailed."""
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    if match is None:
        raise CommandFailed("WM-PERIOD", f"{text!r} is no period.", "Write it as 30m, 12h or 7d.", USAGE)
    return int(match[1]) * float(_UNITS[match[2]])
