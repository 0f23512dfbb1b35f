"""What one process of an installation drops every hour: numbers that count no more, old reports of others, old looks."""

from __future__ import annotations

from collections.abc import Callable

from wardmail.app.installation import Installation
from wardmail.store.domain_reports import StoreDomainReports
from wardmail.store.outside_reports import StoreOutsideReports


def forgetting(installation: Installation) -> Callable[[], None]:
    """Blocks, when it is called."""
    reports, looks = StoreOutsideReports(installation.database), StoreDomainReports(installation.database)

    def forget() -> None:
        installation.limits.forget_old()
        reports.forget_old()
        looks.forget_old()

    return forget
