"""What became of the mail of the last days, as the overview draws it: day by day, and by the domains that it went to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from wardmail.model.figures import Copies
from wardmail.web.pages.charts import Chart, Series, shares, stacked
from wardmail.web.pages.operate.grid import Grid, cells
from wardmail.web.pages.words import LONDON

DAYS = 7
_MOST_DOMAINS = 8
_FATES: Mapping[str, tuple[str, str, frozenset[str]]] = {
    "sent": ("Delivered or handed on", "solid", frozenset({"delivered", "relayed"})),
    "late": ("Delayed", "stripes", frozenset({"accepted", "deferred"})),
    "held": ("Held", "dots", frozenset({"held"})),
    "failed": ("Failed", "crosses", frozenset({"bounced", "expired", "rejected"})),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, and the table that says the same."""

    chart: Chart
    grid: Grid


def starts_of_days(now: float) -> tuple[float, ...]:
    """A week ago to the second, and each midnight here since six days ago: today is the last."""
    today = datetime.fromtimestamp(now, UTC).astimezone(LONDON).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return now - DAYS * 86_400.0, *(datetime.combine(each, time(), LONDON).timestamp() for each in days)


def each_day(copies: Sequence[Copies], starts: Sequence[float]) -> Picture:
    counts: Counter[tuple[int, str]] = Counter()
    for each in copies:
        counts[each.period, _fate(each.state)] += each.count
    days = [datetime.fromtimestamp(start, LONDON) for start in starts[1:]]
    labels = [f"{each.day} {each:%b}" for each in days]
    series = [
        Series(words, look, [counts[n, fate] for n in range(1, len(starts))])
        for fate, (words, look, _) in _FATES.items()
    ]
    rows = [cells(f"{day.day} {day:%B %Y}", *(f"{each.values[n]:,}" for each in series)) for n, day in enumerate(days)]
    grid = Grid("Messages each day", ("Day", *(words for words, _, _ in _FATES.values())), rows)
    return Picture(stacked("days", "Messages each day", labels, series), grid)


def by_domain(copies: Sequence[Copies]) -> Picture | None:
    """The domains that most copies went to; None where there were none."""
    counts: dict[str, Counter[str]] = {}
    for each in copies:
        counts.setdefault(each.domain, Counter())[_fate(each.state)] += each.count
    chosen = sorted(counts, key=lambda domain: (-sum(counts[domain].values()), domain))[:_MOST_DOMAINS]
    rows = [(domain, [counts[domain][fate] for fate in _FATES]) for domain in chosen]
    rows = [row for row in rows if sum(row[1])]
    if not rows:
        return None
    looks = [(words, look) for words, look, _ in _FATES.values()]
    title = f"Delivery by recipient domain, last {DAYS} days"
    grid = Grid(
        title,
        ("Domain", *(words for words, _ in looks)),
        [cells(domain, *(f"{value:,}" for value in values)) for domain, values in rows],
    )
    return Picture(shares("domains", title, rows, looks), grid)


def states_of(copies: Sequence[Copies]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for each in copies:
        found[each.state] += each.count
    return found


def _fate(state: str) -> str:
    return next((fate for fate, (_, _, states) in _FATES.items() if state in states), "")
