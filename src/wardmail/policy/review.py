"""What the register lets an integration do on a day: worked out from its record alone, so that no process can forget it.

A live record falls due on the earliest of its review date, its end date and the day by which a gap must be mended. From
then on mail is held; after the days of grace it is refused; an override by two people lifts both until a day (RECV-8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from wardmail.model.integration import TRANSITIONS, Integration, IntegrationState, Step
from wardmail.model.registration import Matter, SignOff

WARN_AT = (60, 30, 7)
"""Days before a record falls due at which people are told."""


@dataclass(frozen=True, slots=True)
class ReviewTerms:
    """`grace_days`: how long a due record's mail is held before it is refused; `mend_days`: to fill a gap."""

    grace_days: int = 14
    mend_days: int = 60


class Cause(StrEnum):
    """Why a record falls due; safe to say over the wire."""

    REVIEW = "its review is overdue"
    END = "its agreed end date has passed"
    INCOMPLETE = "its record is not complete"


@dataclass(frozen=True, slots=True)
class Deadline:
    on: date
    cause: Cause


def deadline_of(integration: Integration, terms: ReviewTerms) -> Deadline | None:
    """None when nothing ends: only what has gone live has a deadline."""
    record = integration.registration
    if integration.state is not IntegrationState.LIVE:
        return None
    dates = (
        (record.review_date, Cause.REVIEW),
        (record.end_date, Cause.END),
        (record.incomplete_since and record.incomplete_since + timedelta(terms.mend_days), Cause.INCOMPLETE),
    )
    return min((Deadline(on, cause) for on, cause in dates if on is not None), key=lambda each: each.on, default=None)


def override_on(integration: Integration, today: date) -> SignOff | None:
    """The override that is in force; it ends by itself after its last day."""
    given = integration.registration.signed_off(Matter.OVERRIDE)
    return given if given and given.ask.until is not None and today <= given.ask.until else None


def state_on(integration: Integration, today: date, terms: ReviewTerms) -> IntegrationState:
    """Its state today: what is stored, moved on by the calendar."""
    state = integration.state
    if state is not IntegrationState.LIVE:
        return state
    deadline = deadline_of(integration, terms)
    if deadline is None or today < deadline.on or override_on(integration, today):
        return state
    due = TRANSITIONS[state, Step.FALL_DUE]
    return TRANSITIONS[due, Step.LAPSE] if today >= deadline.on + timedelta(terms.grace_days) else due


@dataclass(frozen=True, slots=True)
class ReviewWarning:
    """One thing that people are told once: `stage` is days ahead (60, 30, 7), `due` or `lapsed`."""

    deadline: Deadline
    stage: str
    words: str


def warning_for(integration: Integration, today: date, terms: ReviewTerms) -> ReviewWarning | None:
    """The nearest threshold that is passed, for what falls due first; those further away are not made up for."""
    deadline = deadline_of(integration, terms)
    if deadline is None:
        return None
    left, refused_on = (deadline.on - today).days, deadline.on + timedelta(terms.grace_days)
    if today >= refused_on:
        return ReviewWarning(deadline, "lapsed", "Its mail is refused from today on.")
    if left <= 0:
        return ReviewWarning(deadline, "due", f"Its mail is held from today on, and refused from {refused_on} on.")
    passed = [days for days in WARN_AT if left <= days]
    if not passed:
        return None
    return ReviewWarning(
        deadline, str(min(passed)), f"From {deadline.on} on its mail is held, and refused from {refused_on} on."
    )
