"""What one process of an installation drops every hour: numbers that count no more, and what is old of others."""

from __future__ import annotations

from collections.abc import Callable

from wardmail.app.installation import Installation
from wardmail.store.domain_reports import StoreDomainReports
from wardmail.store.outside_reports import StoreOutsideReports
from wardmail.store.selectors import StoreSelectors


def forgetting(installation: Installation) -> Callable[[], None]:
    """Blocks, when it is called."""
    database = installation.database
    kept = (StoreOutsideReports(database), StoreDomainReports(database), StoreSelectors(database))

    def forget() -> None:
        installation.limits.forget_old()
        for each in kept:
            each.forget_old()

    return forget
