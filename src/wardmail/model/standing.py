"""Whether a recipient's domain is known to be secure (SHARE-2 to SHARE-7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """The document says Yes and Unknown; *not secure* is a local decision, *invalid* is no address at all."""

    SECURE = "secure"
    UNKNOWN = "unknown"
    NOT_SECURE = "not-secure"
    INVALID = "invalid"


class Profile(StrEnum):
    """Whose table applies: the 2019 guide gives government senders a shorter list than health and care senders."""

    HEALTH_AND_CARE = "health-and-care"
    GOVERNMENT = "government"


@dataclass(frozen=True, slots=True)
class StandingAnswer:
    """The answer for one domain: a person must be able to repeat `reason` on the telephone."""

    standing: Standing
    profile: Profile
    reason: str
    source: str
    list_version: str | None = None
