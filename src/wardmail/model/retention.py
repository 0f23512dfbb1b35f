"""How long content is kept: data keys by day and term, and legal holds that stop its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

A_DAY = 86_400
DEFAULT_DAYS = 30
LONGEST_DAYS = 36_500


def key_group(at: float, days: int) -> str:
    """Which data key seals what came in at `at` to be kept for `days`: `2026-11-25.30`, in days of UTC."""
    return f"{datetime.fromtimestamp(at, UTC).date().isoformat()}.{days}"


def group_ends(group: str) -> float:
    """From when nothing in the group is kept by its term any more. Raises ValueError for what is no group."""
    day, _, days = group.partition(".")
    ends = datetime.combine(date.fromisoformat(day) + timedelta(days=1 + int(days)), datetime.min.time(), UTC)
    return ends.timestamp()


def kept_until(at: float, days: int) -> float:
    return at + days * A_DAY


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Content that must be kept whatever its term: what fits all that is said. Empty parts are not asked for.

    `recipient` is an address, or `@domain`; `since` and `until` are about when the message came in.
    """

    number: int
    reason: str
    placed_by: str
    placed_at: float
    message_id: str = ""
    integration: str = ""
    recipient: str = ""
    since: float | None = None
    until: float | None = None
    lifted_at: float | None = None
    lifted_by: str = ""
    lifted_because: str = ""

    @property
    def in_words(self) -> str:
        parts = [
            f"message {self.message_id}" if self.message_id else "",
            f"integration {self.integration}" if self.integration else "",
            f"to {self.recipient}" if self.recipient else "",
            f"from {_day(self.since)}" if self.since is not None else "",
            f"until {_day(self.until)}" if self.until is not None else "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class GroupCount:
    """One data key, and how much it still opens. `ends` as `group_ends`; `due` are messages whose term has ended."""

    group: str
    ends: float
    messages: int
    due: int


@dataclass(frozen=True, slots=True)
class Removed:
    """What one step took away: so many messages' content, and these bodies, which the spool must still lose."""

    messages: int
    spooled: tuple[str, ...] = ()


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
