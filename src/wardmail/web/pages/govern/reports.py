"""What others report about our domains: DMARC and TLS, as charts and tables; claims of strangers apart (SHARE-17)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from starlette.responses import Response

from wardmail.assurance.report_summary import DmarcSummary, Tally, TlsSummary
from wardmail.model.aggregate_report import DmarcReport, KeptReport, ReportKind, Standing
from wardmail.model.person import Permission
from wardmail.web.pages.charts import Series, stacked
from wardmail.web.pages.forms import query_of
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.traffic import Picture
from wardmail.web.pages.words import moment

_HERE, _REPORTS = "/domains", "/domains/reports"
_DAYS, _MOST_SHOWN = 30, 50
_STANDING = {
    Standing.PROVED: Cell("Sender proved", colour="green"),
    Standing.IMPORTED: Cell("Imported", colour="blue"),
    Standing.CLAIMED: Cell("Not proved", colour="orange"),
}
_FAILURES = {
    "starttls-not-supported": "The server offered no TLS",
    "certificate-host-mismatch": "The certificate is for another name",
    "certificate-expired": "The certificate has expired",
    "certificate-not-trusted": "The certificate is from an authority that is not trusted",
    "validation-failure": "TLS failed for another reason",
    "tlsa-invalid": "The DANE record (TLSA) cannot be used",
    "dnssec-invalid": "DNSSEC does not hold",
    "dane-required": "DANE was asked for, and there is no record",
    "sts-policy-fetch-error": "The MTA-STS policy could not be fetched",
    "sts-policy-invalid": "The MTA-STS policy is malformed",
    "sts-webpki-invalid": "The web server of the MTA-STS policy has no good certificate",
}


class ReportPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def dmarc(self, visit: Visit) -> Response:
        domain, desk = query_of(visit.request, "domain", 253), self._services.reports
        found = await asyncio.to_thread(desk.dmarc, domain, _DAYS)
        tables = [
            Grid(
                "Who sent in our name",
                ("Sent from", "Passed", "Failed"),
                [cells(name, f"{each.good:,}", f"{each.bad:,}") for name, each in found.sources],
            ),
            _reporters(found.reporters, "Passed", "Failed"),
        ]
        picture = _picture(found.days, "Mail in our name, each day", "Passes DMARC", "Fails DMARC")
        return await self._draw(visit, ReportKind.DMARC, domain, found, picture=picture, tables=tables)

    async def tls(self, visit: Visit) -> Response:
        domain, desk = query_of(visit.request, "domain", 253), self._services.reports
        found = await asyncio.to_thread(desk.tls, domain, _DAYS)
        failures = [cells(_FAILURES.get(result, result), host, f"{count:,}") for result, host, count in found.failures]
        tables = [
            Grid("Why TLS failed", ("What failed", "Server", "Sessions"), failures),
            _reporters(found.reporters, "With TLS", "Failed"),
        ]
        picture = _picture(found.days, "Connections to us, each day", "With TLS", "Failed")
        return await self._draw(visit, ReportKind.TLS, domain, found, picture=picture, tables=tables)

    async def _draw(
        self,
        visit: Visit,
        kind: ReportKind,
        domain: str,
        found: DmarcSummary | TlsSummary,
        *,
        picture: Picture | None,
        tables: Sequence[Grid],
    ) -> Response:
        kept = await asyncio.to_thread(self._services.reports.kept, kind, domain, _DAYS, _MOST_SHOWN)
        ours = await self._services.our_domains(await self._services.domains.keys())
        return self._pages.draw(
            "govern/reports.jinja",
            "DMARC reports" if kind is ReportKind.DMARC else "TLS reports",
            visitor=visit.visitor,
            here=_HERE,
            is_dmarc=kind is ReportKind.DMARC,
            address=f"{_REPORTS}/{kind.value}",
            domains=[("", "All of ours"), *((each, each) for each in ours)],
            domain=domain,
            found=found,
            picture=picture,
            tables=[each for each in tables if each.rows],
            reports=_reports(kept.reports) if kept.reports else None,
            may_import=visit.visitor.person.may(Permission.MANAGE_LISTS),
            days=_DAYS,
            is_list_cut=bool(kept.following),
        )


def _picture(days: Sequence[tuple[date, Tally]], title: str, good: str, bad: str) -> Picture | None:
    if not days:
        return None
    labels = [f"{day.day} {day:%b}" if n % 5 == 0 or len(days) < 11 else "" for n, (day, _) in enumerate(days)]
    series = [
        Series(good, "solid", [each.good for _, each in days]),
        Series(bad, "crosses", [each.bad for _, each in days]),
    ]
    rows = [cells(f"{day.day} {day:%B %Y}", f"{each.good:,}", f"{each.bad:,}") for day, each in days]
    return Picture(stacked("reported", title, labels, series), Grid(title, ("Day", good, bad), rows))


def _reporters(lines: Sequence[tuple[str, Tally]], good: str, bad: str) -> Grid:
    rows = [cells(name, f"{each.good:,}", f"{each.bad:,}") for name, each in lines]
    return Grid("Who reports", ("Reporter", good, bad), rows)


def _reports(kept: Sequence[KeptReport]) -> Grid:
    rows = [
        cells(
            each.report.domain,
            each.report.reporter,
            moment(each.report.ended),
            _STANDING[each.standing],
            each.proof or ("–" if each.standing is Standing.CLAIMED else each.through),
            f"{_size(each):,}",
        )
        for each in kept
    ]
    return Grid("Reports", ("About", "Says that it is", "Until", "Standing", "Came from", "Counts"), rows)


def _size(kept: KeptReport) -> int:
    if isinstance(kept.report, DmarcReport):
        return sum(each.count for each in kept.report.rows)
    return sum(each.successes + each.failures for each in kept.report.policies)
