"""Names under which a domain publishes its DKIM keys (RFC 6376 section 3.1)."""

from __future__ import annotations

import re

_SELECTOR = re.compile(r"(?=.{1,63}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")


def proper_selector(text: str) -> str:
    """In lower case; empty for what is none."""
    found = text.strip().lower()
    return found if _SELECTOR.fullmatch(found) else ""
