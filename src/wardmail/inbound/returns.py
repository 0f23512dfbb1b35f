"""What comes back: a bounce or a complaint counts only for a copy that we really sent to that address (SEND-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wardmail.model.returned import IncomingReport, ReportedRecipient, ReportKind, Returned, SentCopy
from wardmail.model.suppression import bounced, complained
from wardmail.model.traffic import Verdict
from wardmail.ports import Returns
from wardmail.protocol.refusal_meaning import is_hard_bounce
from wardmail.protocol.report_reading import NotAReport, read_report

SHORTEST_ENVID = 16
"""Characters. A shorter one, as `order-7`, can be guessed by somebody who never saw the message."""


@dataclass(frozen=True, slots=True)
class TakenReport:
    """One recipient that a report names, and what was made of it. `copy` is None when we sent it no such message."""

    recipient: ReportedRecipient
    kind: ReportKind
    copy: SentCopy | None
    is_news: bool = False
    suppressed: bool = False


def take_report(returns: Returns, raw: bytes, *, actor: str, now: float) -> Sequence[TakenReport] | NotAReport:
    """Blocking. A report is somebody's word: it must name a message by an ID that only who had it can know."""
    report = read_report(raw)
    if isinstance(report, NotAReport):
        return report
    addresses = {each for r in report.recipients for each in (r.original, r.final) if each}
    envid = report.envid if len(report.envid) >= SHORTEST_ENVID else ""
    copies = returns.sent_copies(report.ids, envid, addresses)
    pairs = [(each, _copy_of(each, copies)) for each in report.recipients]
    found = [(each, _returned(report, each, copy, now)) for each, copy in pairs if copy is not None]
    news = dict(zip([id(each) for each, _ in found], returns.take([what for _, what in found], actor), strict=True))
    suppress = {id(each): what.suppress is not None for each, what in found}
    return [
        TakenReport(each, report.kind, copy, news.get(id(each), False), suppress.get(id(each), False))
        for each, copy in pairs
    ]


def _copy_of(reported: ReportedRecipient, copies: Sequence[SentCopy]) -> SentCopy | None:
    """The original address is ours; where it led may be too. One that is left out can only be the only one."""
    for address in (reported.original.lower(), reported.final.lower()):
        for copy in copies:
            if address and copy.address.lower() == address:
                return copy
    unnamed = not reported.original and not reported.final
    return copies[0] if unnamed and len(copies) == 1 else None


def _returned(report: IncomingReport, reported: ReportedRecipient, copy: SentCopy, now: float) -> Returned:
    if report.kind is ReportKind.COMPLAINT:
        entry = complained(copy.address, copy.integration_id, f"complaint about {copy.message_id}", now)
        return Returned(copy, report.kind, "", reported.words, now, Verdict.COMPLAINED, entry)
    is_hard = is_hard_bounce(reported.status)
    bounce = bounced(copy.address, f"{reported.status} reported for {copy.message_id}", now) if is_hard else None
    verdict = Verdict.BOUNCED if is_hard else Verdict.REFUSED
    return Returned(copy, report.kind, reported.status, reported.words, now, verdict, bounce)
