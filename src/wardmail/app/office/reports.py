"""What others report about our domains, and what became of our mail, as people see it by the API."""

from __future__ import annotations

from collections import Counter
from statistics import median

from wardmail.app.domain_output import domain_named
from wardmail.app.domain_wiring import report_desk
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.app.report_output import report_record, summary_record
from wardmail.model.aggregate_report import ReportKind
from wardmail.model.evidence import Period
from wardmail.model.reading import Page, Record, Wanted
from wardmail.store.evidence import StoreEvidence

_MOST_DESTINATIONS = 500


class ReportOffice:
    """Everything here blocks, and raises CommandFailed for what is no domain."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._desk = report_desk(installation)

    def summary(self, kind: str, domain: str, days: int) -> Record:
        name = domain_named(domain) if domain else ""
        found = self._desk.dmarc(name, days) if kind == ReportKind.DMARC else self._desk.tls(name, days)
        return summary_record(found)

    def delivery(self, days: int) -> Record:
        """Counts of copies alone; sensitive ones by whom they were for (SHARE-18)."""
        now, evidence = self._installation.clock.now(), StoreEvidence(self._installation.database)
        period = Period(now - days * 86_400.0, now)
        outcomes: Counter[tuple[str, str]] = Counter()
        for each in evidence.outcomes(period):
            outcomes[each.words[0], each.words[3]] += each.copies
        holds, destinations = evidence.closed_holds(period), evidence.destinations(period)
        return {
            "since": rfc3339(period.since),
            "until": rfc3339(period.until),
            "integrations": [
                {"integration": integration, "status": status, "copies": copies}
                for (integration, status), copies in outcomes.most_common()
            ],
            "sensitive_destinations": [
                {"domain": each.words[0], "status": each.words[1], "copies": each.copies}
                for each in destinations[:_MOST_DESTINATIONS]
            ],
            "sensitive_destinations_left_out": max(0, len(destinations) - _MOST_DESTINATIONS),
            "refused": [{"code": each.words[0], "submissions": each.copies} for each in evidence.refusals(period)],
            "holds": {
                "decided": len(holds),
                "median_seconds": median(each.seconds for each in holds) if holds else None,
            },
        }

    def reports(self, kind: str, days: int, wanted: Wanted) -> Page:
        """Raises NoSuchPage for an `after` that no page gave."""
        name = domain_named(wanted.domain) if wanted.domain else ""
        found = self._desk.kept(ReportKind(kind), name, days, wanted.limit, wanted.after)
        return Page([report_record(each) for each in found.reports], found.following)
