"""What one attempt costs at the upstream: routes that use one account share its ceilings (SEND-3). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from wardmail.model.route import Route, RouteKind, RouteLimits, WarmUp
from wardmail.model.stored import Charge

MINUTE, DAY = 60, 86_400


def ceilings_of(route: Route, routes: Iterable[Route], today: date, recipients: int) -> tuple[Charge, ...]:
    """For one message to so many recipients. Of routes that share an account, the lowest ceiling is the account's."""
    sharing = [each for each in routes if each.account_key == route.account_key] or [route]
    per_minute = _lowest(sharing, lambda each: each.limits.messages_per_minute)
    per_day = _lowest(sharing, lambda each: _today(each.limits, each.warm_up, today))
    calls = recipients if route.kind is RouteKind.GOVUK_NOTIFY else 1
    wanted = (
        (f"account-messages:{route.account_key}", calls, per_minute, MINUTE),
        (f"account-recipients:{route.account_key}", recipients, per_day, DAY),
    )
    return tuple(Charge(key, amount, limit, window) for key, amount, limit, window in wanted if limit is not None)


def _today(limits: RouteLimits, warm_up: WarmUp | None, today: date) -> int | None:
    """While it warms up, the day's share of the ceiling, and room for one message at the least."""
    per_day = limits.recipients_per_day
    if per_day is None or warm_up is None:
        return per_day
    day = min(max((today - warm_up.begins).days + 1, 1), warm_up.days)
    return min(per_day, max(per_day * day // warm_up.days, limits.recipients_per_message))


def _lowest(routes: Iterable[Route], ceiling: Callable[[Route], int | None]) -> int | None:
    return min((found for each in routes if (found := ceiling(each)) is not None), default=None)
