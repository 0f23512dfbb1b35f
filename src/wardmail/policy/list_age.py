"""Until when a list of accredited organisations can be relied on: an old one answers "unknown" where it should say "secure"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from wardmail.model.register import RegisterSnapshot

LASTS_DAYS = 90
"""The published list changes each month; after so many days it says too little of who joined and who left."""

TOLD_AHEAD = 14
"""Days."""


class ListStage(StrEnum):
    SOON = "soon"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class ListEnding:
    """`on` is the first day on which the list is out of date."""

    version: str
    imported_at: float
    on: date
    stage: ListStage


def list_ending(snapshot: RegisterSnapshot, today: date) -> ListEnding | None:
    """None for a list that is in date, and where none was ever imported: there is nothing that could age."""
    version, imported_at = snapshot.list_version, snapshot.list_imported_at
    if version is None or imported_at is None:
        return None
    on = datetime.fromtimestamp(imported_at, UTC).date() + timedelta(days=LASTS_DAYS)
    # Each accreditation has its own last day: when all of them are over, the list says nothing at all.
    last = max((each.expires for each in snapshot.accredited.values()), default=None)
    if last is not None and last < on:
        on = last + timedelta(days=1)
    if today < on - timedelta(days=TOLD_AHEAD):
        return None
    return ListEnding(version, imported_at, on, ListStage.OVER if today >= on else ListStage.SOON)
