"""A held copy as somebody's task: who decides, until when, and what happens if nobody does (SHARE-6, SHARE-9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """What becomes of a hold that nobody decides by its deadline; both are said to people from the beginning."""

    RETURN = "return"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """Times in seconds. An urgent hold alerts at once, then more people each time; it is never ended by a clock."""

    decide_within: float = 14 * 86_400.0
    first_reminder: float = 86_400.0
    urgent_within: float = 900.0
    ending: Ending = Ending.RETURN


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """A copy that is held and has no task yet."""

    message_id: str
    n: int
    integration: str
    domain: str
    urgent: bool
    why: str
    held_at: float


@dataclass(frozen=True, slots=True)
class Hold:
    """One task. `owner` is a person's ID or a role; `level` how often it was escalated; `alert_at` when next.

    `proposed_by` is the first of two people, where two must agree to a release.
    """

    message_id: str
    n: int
    opened_at: float
    integration: str
    domain: str
    urgent: bool
    why: str
    owner: str
    deadline: float
    ending: Ending
    level: int
    alert_at: float
    proposed_by: str = ""
    closed_at: float | None = None
    closed_as: str = ""


def reminder_after(terms: HoldTerms, urgent: bool, level: int) -> float:
    """Seconds until the next alert: an urgent one keeps its short beat, the others double theirs up to three days."""
    if urgent:
        return terms.urgent_within
    return float(min(terms.first_reminder * 2 ** min(level, 10), max(terms.first_reminder, 3 * 86_400.0)))
