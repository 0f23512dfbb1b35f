"""What Microsoft Graph sends to say that something changed: a token to be echoed, or notices that are proved by a state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qs

LARGEST = 256 * 1024
_MOST_NOTICES = 1_000
_LONGEST_TOKEN = 2_048


class Meaning(Enum):
    """CHANGED: look at the mailbox. REAUTHORISE: renew. REMOVED: subscribe again, and look. MISSED: look, as some were lost."""

    CHANGED = ""
    REAUTHORISE = "reauthorizationRequired"
    REMOVED = "subscriptionRemoved"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Notice:
    """Nothing in it is believed but `state`, which only the one who made the subscription knows."""

    state: str
    meaning: Meaning


def token_to_echo(query: str) -> str | None:
    """The validation token, decoded; None when the request is no validation. Is to be sent back as plain text."""
    try:
        values = parse_qs(query, strict_parsing=True, max_num_fields=8).get("validationToken", [])
    except ValueError:
        return None
    return values[0] if len(values) == 1 and 0 < len(values[0]) <= _LONGEST_TOKEN else None


def read_notices(body: bytes) -> tuple[Notice, ...] | None:
    """None for a body that is no collection of notices. An event of an unknown kind means: look."""
    try:
        items = json.loads(body)["value"] if len(body) <= LARGEST else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(items, list) or len(items) > _MOST_NOTICES or not all(isinstance(item, dict) for item in items):
        return None
    return tuple(Notice(_text(item.get("clientState")), _meaning(item.get("lifecycleEvent"))) for item in items)


def _text(value: object) -> str:
    return value if isinstance(value, str) and value.isascii() else ""


def _meaning(event: object) -> Meaning:
    return next((each for each in Meaning if each.value and each.value == event), Meaning.CHANGED)
