"""Judges a message that came in: the strictest that a finding, a scanner, the sender or a wish asks for (RECV-2, RECV-3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wardmail.model.inspection import Finding, Inspection, Part, ScanOutcome, ScanReport, Severity
from wardmail.model.sender import AuthResult, DmarcPolicy, SenderEvidence
from wardmail.model.verdict import Action, Verdict, Wishes

_STRICTNESS = {action: number for number, action in enumerate(Action)}
_IMPLIED = frozenset({"text/plain", "text/html", "application/x-empty"})


@dataclass(frozen=True, slots=True)
class _Demand:
    """`part` is the path of what would have to be taken out; a message that has to lose all of itself is kept back."""

    action: Action
    reason: str
    part: str = ""


def verdict(
    inspection: Inspection, sender: SenderEvidence | None, scan_reports: Sequence[ScanReport], wishes: Wishes
) -> Verdict:
    """Pure. Another finding, report or wish never makes it milder; what nobody could read or scan is never clean."""
    demands = [
        *_of_findings(inspection, wishes),
        *_of_sum(inspection, wishes),
        *_of_parts(inspection, wishes),
        *_of_scanners(scan_reports, wishes),
        *_of_sender(inspection, sender, wishes),
    ]
    demands = [_whole_if_no_part(demand) for demand in demands]
    demands.sort(key=lambda demand: -_STRICTNESS[demand.action])
    action = demands[0].action if demands else Action.ACCEPT
    strip = {demand.part: None for demand in demands if demand.action is Action.STRIP}
    return Verdict(action, tuple(dict.fromkeys(demand.reason for demand in demands)), tuple(strip))


def _whole_if_no_part(demand: _Demand) -> _Demand:
    if demand.action is Action.STRIP and not demand.part:
        return _Demand(Action.QUARANTINE, demand.reason)
    return demand


def _of_findings(inspection: Inspection, wishes: Wishes) -> Iterator[_Demand]:
    for finding in inspection.all_findings:
        if finding.severity is Severity.UNREADABLE:
            yield _Demand(Action.QUARANTINE, _said(finding))
        elif finding.severity is Severity.DANGEROUS:
            yield _Demand(wishes.on_dangerous, _said(finding), outermost(finding.part))


def _of_sum(inspection: Inspection, wishes: Wishes) -> Iterator[_Demand]:
    """Of one kind only the heaviest counts: ten links are not ten times a link. What is dangerous has its own wish."""
    weights: dict[str, Finding] = {}
    for finding in inspection.all_findings:
        if finding.severity in (Severity.NOTE, Severity.SUSPICIOUS) and finding.weight > 0:
            heaviest = weights.get(finding.id)
            weights[finding.id] = finding if heaviest is None or heaviest.weight < finding.weight else heaviest
    total = sum(finding.weight for finding in weights.values())
    if total >= min(wishes.warn_at, wishes.quarantine_at):
        action = Action.QUARANTINE if total >= wishes.quarantine_at else Action.WARN
        for finding in sorted(weights.values(), key=lambda each: -each.weight):
            yield _Demand(action, _said(finding))


def _of_parts(inspection: Inspection, wishes: Wishes) -> Iterator[_Demand]:
    for part in inspection.parts:
        kinds = _kinds_of(part)
        name = part.filename or part.detected_type
        if kinds & _lowered(wishes.deny):
            yield _Demand(wishes.on_denied, f"{name}: this kind of file is not wanted here.", outermost(part.path))
        elif wishes.allow and not kinds & _lowered(wishes.allow) and not _is_text_of_message(part):
            yield _Demand(
                wishes.on_denied, f"{name}: only listed kinds of files are wanted here.", outermost(part.path)
            )


def _kinds_of(part: Part) -> set[str]:
    """The detected type, its family, and the ending of the name. What is declared proves nothing, but may condemn."""
    stem, dot, ending = part.filename.rpartition(".")
    family = part.detected_type.partition("/")[0] + "/*"
    return {part.detected_type, family} | ({f".{ending.lower().rstrip('. ')}"} if dot and stem else set())


def _lowered(kinds: Sequence[str]) -> set[str]:
    return {kind.lower() for kind in kinds}


def _is_text_of_message(part: Part) -> bool:
    return part.detected_type in _IMPLIED and not part.filename


def _of_scanners(reports: Sequence[ScanReport], wishes: Wishes) -> Iterator[_Demand]:
    for report in reports:
        if report.outcome is ScanOutcome.UNKNOWN:
            yield _Demand(Action.QUARANTINE, f"{report.scanner} could not say: {report.why or 'no answer'}.")
        elif report.outcome is ScanOutcome.FOUND:
            names = ", ".join(report.names[:5]) or "something"
            refused = wishes.on_malware is Action.REFUSE
            yield _Demand(Action.REFUSE if refused else Action.QUARANTINE, f"{report.scanner} found {names}.")


def _of_sender(inspection: Inspection, sender: SenderEvidence | None, wishes: Wishes) -> Iterator[_Demand]:
    claimed = any(finding.id == "claims-own-domain" for finding in inspection.findings)
    passed = sender is not None and sender.dmarc.result is AuthResult.PASS
    if (claimed or (sender is not None and _claims(sender.authors, wishes.own_domains))) and not passed:
        yield _Demand(Action.QUARANTINE, "It says that it comes from us, and that is not proved.")
    if sender is None or passed:
        return
    dmarc = sender.dmarc
    # PERMERROR is a From that names nobody, or too many, as who hides behind the names of others writes it.
    if dmarc.result in (AuthResult.TEMPERROR, AuthResult.PERMERROR):
        yield _Demand(Action.WARN, "Whether the sender is who it says could not be found out.")
    if dmarc.disposition is DmarcPolicy.REJECT:
        yield _Demand(
            wishes.on_dmarc_reject, f"{dmarc.domain} asks for mail like this to be refused: it is not proved."
        )
    elif dmarc.disposition is DmarcPolicy.QUARANTINE:
        yield _Demand(Action.QUARANTINE, f"{dmarc.domain} asks for mail like this to be kept back: it is not proved.")


def _claims(authors: Sequence[str], own_domains: Sequence[str]) -> bool:
    domains = [author.rpartition("@")[2].lower().rstrip(".") for author in authors]
    own = [each.lower() for each in own_domains]
    return any(domain == each or domain.endswith("." + each) for domain in domains for each in own)


def outermost(path: str) -> str:
    """The part of the message itself that holds what stands at `path`."""
    return path.partition("/")[0]


def _said(finding: Finding) -> str:
    return f"{finding.sentence} (part {finding.part})" if finding.part else finding.sentence
