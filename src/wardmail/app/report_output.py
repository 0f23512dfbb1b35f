"""What others report about our domains, as commands and the API give it."""

from __future__ import annotations

from datetime import date

from wardmail.app.output import rfc3339
from wardmail.assurance.report_desk import Intake
from wardmail.assurance.report_summary import DmarcSummary, Tally, TlsSummary
from wardmail.model.aggregate_report import DmarcReport, KeptReport
from wardmail.model.reading import Record
from wardmail.store.records import to_plain


def report_record(kept: KeptReport) -> Record:
    """With `rows` of a DMARC report, or `policies` of a TLS report."""
    report = kept.report
    told = "rows" if isinstance(report, DmarcReport) else "policies"
    return {
        "kind": kept.kind.value,
        "domain": report.domain,
        "reporter": report.reporter,
        "report_id": report.report_id,
        "began": rfc3339(report.began),
        "ended": rfc3339(report.ended),
        "standing": kept.standing.value,
        "proved_sender": kept.proof or None,
        "through": kept.through,
        "received_at": rfc3339(kept.received_at),
        told: to_plain(getattr(report, told)),
    }


def summary_record(summary: DmarcSummary | TlsSummary) -> Record:
    """`claims` are reports whose sender is not proved: they are counted in nothing else."""
    record: dict[str, object] = {
        "reports": summary.reports,
        "claims": summary.claimed,
        "partial": summary.is_cut,
        **_tally(summary.total),
        "days": [{"day": day.isoformat(), **_tally(tally)} for day, tally in summary.days],
        "reporters": [{"reporter": name, **_tally(tally)} for name, tally in summary.reporters],
    }
    if isinstance(summary, TlsSummary):
        failures = [{"result": result, "host": host, "sessions": count} for result, host, count in summary.failures]
        return record | {"failures": failures}
    sources = [{"source": source, **_tally(tally)} for source, tally in summary.sources]
    treated = [{"disposition": name, "messages": count} for name, count in summary.dispositions]
    return record | {"sources": sources, "dispositions": treated}


def intake_record(file: str, intake: Intake) -> Record:
    kept = [
        {"kind": each.kind.value, "domain": each.report.domain, "report_id": each.report.report_id}
        for each in intake.kept
    ]
    return {"file": file, "kept": kept, "known": intake.known, "refused": list(intake.refused)}


def day_words(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"


def _tally(tally: Tally) -> dict[str, object]:
    return {"good": tally.good, "bad": tally.bad}
