"""Adds up what others report about our domains: by day, by who reports, and by who sends in our name. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from wardmail.model.aggregate_report import DmarcReport, DmarcRow, KeptReport, Standing, TlsReport

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Tally:
    """`good` and `bad` are messages that pass DMARC or do not, or sessions that had TLS as asked or had not."""

    good: int = 0
    bad: int = 0

    @property
    def all(self) -> int:
        return self.good + self.bad

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.good + other.good, self.bad + other.bad)


@dataclass(frozen=True, slots=True)
class DmarcSummary:
    """`claimed`: reports whose sender is not proved; they are in no number here. `is_cut`: there are more.

    `reporters` by the domain that was proved: any name can stand in a report.
    """

    reports: int
    claimed: int
    total: Tally
    days: tuple[tuple[date, Tally], ...]
    reporters: tuple[tuple[str, Tally], ...]
    sources: tuple[tuple[str, Tally], ...]
    dispositions: tuple[tuple[str, int], ...]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class TlsSummary:
    """`failures`: the word of RFC 8460 section 4.3 and the server, with the number of sessions."""

    reports: int
    claimed: int
    total: Tally
    days: tuple[tuple[date, Tally], ...]
    reporters: tuple[tuple[str, Tally], ...]
    failures: tuple[tuple[str, str, int], ...]
    is_cut: bool = False


def dmarc_summary(kept: Sequence[KeptReport], is_cut: bool) -> DmarcSummary:
    counted = [each for each in kept if each.standing is not Standing.CLAIMED]
    reports = [(each.told_by, each.report) for each in counted if isinstance(each.report, DmarcReport)]
    rows = [(told_by, report, row) for told_by, report in reports for row in report.rows]
    treated: Counter[str] = Counter()
    for _, _, row in rows:
        treated[row.disposition] += row.count
    return DmarcSummary(
        len(reports),
        len(kept) - len(counted),
        sum((_of(row) for _, _, row in rows), Tally()),
        _by_day((_day(report), _of(row)) for _, report, row in rows),
        _ranked((told_by, _of(row)) for told_by, _, row in rows),
        _ranked((row.source or "many others", _of(row)) for _, _, row in rows),
        tuple(treated.most_common()),
        is_cut,
    )


def tls_summary(kept: Sequence[KeptReport], is_cut: bool) -> TlsSummary:
    counted = [each for each in kept if each.standing is not Standing.CLAIMED]
    reports = [(each.told_by, each.report) for each in counted if isinstance(each.report, TlsReport)]
    rows = [
        (told_by, report, Tally(each.successes, each.failures))
        for told_by, report in reports
        for each in report.policies
    ]
    failures: Counter[tuple[str, str]] = Counter()
    for _, report in reports:
        for policy in report.policies:
            for each in policy.details:
                failures[each.result, each.host] += each.count
    return TlsSummary(
        len(reports),
        len(kept) - len(counted),
        sum((tally for _, _, tally in rows), Tally()),
        _by_day((_day(report), tally) for _, report, tally in rows),
        _ranked((told_by, tally) for told_by, _, tally in rows),
        tuple((result, host, count) for (result, host), count in failures.most_common(_MOST_LINES)),
        is_cut,
    )


def _of(row: DmarcRow) -> Tally:
    return Tally(row.count, 0) if row.passes else Tally(0, row.count)


def _day(report: DmarcReport | TlsReport) -> date:
    """In UTC, by which reporters cut their days."""
    return datetime.fromtimestamp(report.began, UTC).date()


def _by_day(lines: Iterable[tuple[date, Tally]]) -> tuple[tuple[date, Tally], ...]:
    found: dict[date, Tally] = {}
    for day, tally in lines:
        found[day] = found.get(day, Tally()) + tally
    return tuple(sorted(found.items()))


def _ranked(lines: Iterable[tuple[str, Tally]]) -> tuple[tuple[str, Tally], ...]:
    found: dict[str, Tally] = {}
    for name, tally in lines:
        found[name] = found.get(name, Tally()) + tally
    return tuple(sorted(found.items(), key=lambda line: (-line[1].all, line[0]))[:_MOST_LINES])
