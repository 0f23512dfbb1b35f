"""What was proved about the sender of a message that came in, and what was found in it, as tables of its page."""

from __future__ import annotations

from collections.abc import Iterator

from wardmail.manage.arrival_words import VERDICTS
from wardmail.model.arrival import Judgement
from wardmail.model.inspection import Finding, Inspection, ScanOutcome, ScanReport, Severity
from wardmail.model.sender import Acceptable, AuthResult, SenderEvidence
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.words import summary

MOST_PARTS = 100
"""Parts and findings that are drawn out."""

_RESULTS = {
    AuthResult.NONE: Cell("Nothing to check", colour="grey"),
    AuthResult.PASS: Cell("Proved", colour="green"),
    AuthResult.FAIL: Cell("Not proved", colour="red"),
    AuthResult.SOFTFAIL: Cell("Probably not theirs", colour="orange"),
    AuthResult.NEUTRAL: Cell("Says nothing", colour="grey"),
    AuthResult.POLICY: Cell("Not taken", colour="orange"),
    AuthResult.TEMPERROR: Cell("Cannot tell: no answer", colour="yellow"),
    AuthResult.PERMERROR: Cell("Cannot tell: it is faulty", colour="orange"),
}
_SEVERITIES = {
    Severity.NOTE: Cell("To know", colour="grey"),
    Severity.SUSPICIOUS: Cell("Suspicious", colour="orange"),
    Severity.DANGEROUS: Cell("Dangerous", colour="red"),
    Severity.UNREADABLE: Cell("Nobody can say", colour="red"),
}
_SCANS = {
    ScanOutcome.CLEAN: Cell("Found nothing", colour="green"),
    ScanOutcome.FOUND: Cell("Found something", colour="red"),
    ScanOutcome.UNKNOWN: Cell("Cannot tell", colour="yellow"),
}
_MAY_BE_SIGNED = {
    Acceptable.YES: "Yes, it may be taken as the sender’s",
    Acceptable.NO: "No, it must not be taken as the sender’s",
    Acceptable.CANNOT_TELL: "Nobody can tell",
}


def proof_grid(sender: SenderEvidence) -> Grid:
    spf, dmarc, arc = sender.spf, sender.dmarc, sender.arc
    rows = [
        _proof("SPF", spf.result, spf.domain, spf.reason),
        *(_proof("DKIM", each.result, each.domain, each.reason) for each in sender.dkim),
        _proof("DMARC", dmarc.result, dmarc.domain, dmarc.reason),
        _proof("ARC", arc.result, ", ".join(arc.sealers), arc.reason),
    ]
    if not sender.dkim:
        rows.insert(1, _proof("DKIM", AuthResult.NONE, "", "it has no signature"))
    return Grid("What was proved about the sender", ("Check", "Result", "Domain", "Why"), rows)


def _proof(check: str, result: AuthResult, domain: str, reason: str) -> list[Cell]:
    return cells(check, _RESULTS[result], domain, reason)


def proof_summary(judgement: Judgement, *, sentences: bool) -> object:
    sender = judgement.sender
    asked_for = sender.dmarc.policy.value if sender.dmarc.policy_domain else ""
    return summary(
        ("Does it come from a host that says who it is?", sender.reverse_name),
        ("The domain asks for, where it is not proved", asked_for),
        ("Whose word this is", sender.trusted_hop),
        ("A signature under its text", _MAY_BE_SIGNED[sender.signature_acceptable]),
        ("Because", ". ".join(sender.reasons) if sentences else ""),
    )


def verdict_words(judgement: Judgement) -> str:
    return VERDICTS[judgement.verdict.action]


def finding_grid(inspection: Inspection, *, sentences: bool) -> Grid:
    """Sentences name files and hosts: whoever may not read content sees which kinds of finding there are."""
    headings = ("Finding", "How grave", "Part", "What it is") if sentences else ("Finding", "How grave", "Part")
    found = sorted(inspection.all_findings, key=lambda each: -list(Severity).index(each.severity))
    rows = [_finding(each, sentences) for each in found[:MOST_PARTS]]
    return Grid("What was found", headings, rows)


def _finding(finding: Finding, sentences: bool) -> list[Cell]:
    part = part_name(finding.part, sentences=sentences) if finding.part else "The whole message"
    row = cells(finding.id, _SEVERITIES[finding.severity], part)
    return [*row, Cell(finding.sentence)] if sentences else row


def part_grid(inspection: Inspection, *, sentences: bool) -> Grid:
    rows = [
        cells(
            part_name(each.path, sentences=sentences),
            each.detected_type or "Not known",
            each.declared_type or "Nothing",
            f"{each.size:,} bytes",
        )
        for each in inspection.parts[:MOST_PARTS]
    ]
    return Grid("Its parts", ("Part", "Type by content", "Declared as", "Size"), rows)


def part_name(path: str, *, sentences: bool) -> str:
    """Within containers a path has the names of files, which are content."""
    outer, slash, _ = path.partition("/")
    return path if sentences or not slash else f"{outer}, inside"


def scan_grid(scans: tuple[ScanReport, ...]) -> Grid:
    return Grid("What scanners said", ("Scanner", "Result", "Names", "Score", "Why"), [*_scans(scans)])


def _scans(scans: tuple[ScanReport, ...]) -> Iterator[list[Cell]]:
    for each in scans:
        limit = f" of {each.limit:g}" if each.limit is not None else ""
        score = f"{each.score:g}{limit}" if each.score is not None else ""
        yield cells(each.scanner, _SCANS[each.outcome], ", ".join(each.names), score, each.why)
