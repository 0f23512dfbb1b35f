"""What one process of an installation drops every hour: numbers that count no more, and old reports of others."""

from __future__ import annotations

from collections.abc import Callable

from wardmail.app.installation import Installation
from wardmail.store.outside_reports import StoreOutsideReports


def forgetting(installation: Installation) -> Callable[[], None]:
    """Blocks, when it is called."""
    reports = StoreOutsideReports(installation.database)

    def forget() -> None:
        installation.limits.forget_old()
        reports.forget_old()

    return forget
