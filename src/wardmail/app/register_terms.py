"""The settings that say how long a record may be overdue."""

from __future__ import annotations

from wardmail.app.settings import Settings
from wardmail.policy.review import ReviewTerms


def review_terms(settings: Settings) -> ReviewTerms:
    return ReviewTerms(settings["register.grace_days"], settings["register.mend_days"])
