"""Domains as commands and the API give them: the same records for both, and the same words for what cannot be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from wardmail.app.failures import (
    CONFLICT,
    FINDINGS,
    NOT_FOUND,
    TRY_LATER,
    USAGE,
    CommandFailed,
    not_found,
    not_permitted,
)
from wardmail.app.output import rfc3339, today_of
from wardmail.assurance.domain_desk import records_for
from wardmail.assurance.publish import DnsRecord
from wardmail.manage.document_text import Grid, Page, Section, to_html
from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.manage.signing_keys import MadeKeys, checked_domain
from wardmail.model.own_domain import Assurance, DomainKey, DomainReport, KnownDomain, Verdict
from wardmail.model.reading import Record
from wardmail.model.stored import Full

T = TypeVar("T")

_STATUSES: Mapping[str, int] = {
    "WM-DKIM-STATE": CONFLICT,
    "WM-DKIM-LAST-KEY": CONFLICT,
    "WM-DKIM-WAITING": CONFLICT,
    "WM-DKIM-BUSY": CONFLICT,
    "WM-DKIM-NOT-PUBLISHED": FINDINGS,
    "WM-DKIM-CANNOT-TELL": TRY_LATER,
    "WM-DOMAIN-EXISTS": CONFLICT,
}

_SEE_KEYS = "Nothing was changed. See `wardmail domain keys`."
_TO_DO: Mapping[str, str] = {
    "WM-DOMAIN": "Write it as trust.example.",
    "WM-DOMAIN-EXISTS": "Nothing was changed. See `wardmail domain list`.",
    "WM-DOMAIN-NOTE": "Nothing was changed. Shorten it, or take out what cannot be seen.",
    "WM-ASSURANCE": "Nothing was changed. Mend it and try again.",
    "WM-DKIM-KEY": "Nothing was changed: see docs/how-to/keep-secrets.md.",
    "WM-DKIM-NOT-PUBLISHED": "Nothing was changed. `wardmail domain dns` prints the record.",
}


def done(outcome: T | BadInput | Forbidden | None, selector: str = "") -> T:
    """What a desk came to. Raises CommandFailed when it was not done; None: there is no such key."""
    match outcome:
        case None:
            raise not_found("signing key", selector, "wardmail domain keys")
        case Forbidden(reason):
            raise not_permitted(reason)
        case BadInput(reason, code):
            raise CommandFailed(code, reason, _TO_DO.get(code, _SEE_KEYS), _STATUSES.get(code, USAGE))
        case _:
            return outcome


def domain_named(text: str) -> str:
    """Raises CommandFailed for what is no domain."""
    return done(checked_domain(text))


def records_of(domain: str, keys: Sequence[DomainKey], now: float) -> Sequence[DnsRecord]:
    """What to publish for a domain that has keys. Raises CommandFailed."""
    if not keys:
        raise CommandFailed(
            "WM-DKIM-NO-KEY",
            f"{domain} has no signing key yet.",
            f"Make one: wardmail domain rotate {domain}",
            NOT_FOUND,
        )
    return records_for(domain, keys, now)


def dns_record(each: DnsRecord) -> Record:
    return {"name": each.name, "type": each.type, "value": each.value, "why": each.why}


def activated_record(changed: MadeKeys) -> Record:
    return key_record(changed.made[0]) | {"retired": [each.selector for each in changed.retired]}


def key_record(each: DomainKey) -> dict[str, object]:
    return {
        "domain": each.domain,
        "selector": each.selector,
        "algorithm": each.algorithm,
        "state": each.state.value,
        "kept_in": each.kept_in,
        "last_used_at": rfc3339(each.last_used),
    }


def known_record(each: KnownDomain) -> Record:
    added = {"added_by": each.added_by, "added_at": rfc3339(each.added_at)}
    return {"domain": each.name, "ours": each.is_ours, "note": each.note, **added}


def assurance_record(each: Assurance, now: float) -> Record:
    """`in_date`: it counts today."""
    recorded = {"recorded_by": each.recorded_by, "recorded_at": rfc3339(each.recorded_at)}
    return {
        "kind": each.kind.value,
        "reference": each.reference,
        "until": each.until.isoformat(),
        "in_date": each.counts_on(today_of(now)),
        **recorded,
    }


def report_page(report: DomainReport, known: KnownDomain | None, now: float) -> str:
    """As an HTML file that needs nothing beside it."""
    findings = tuple((each.check, each.verdict.value, each.found, each.to_do or "–") for each in report.findings)
    shown = tuple(
        (
            each.kind.value,
            each.reference,
            each.until.isoformat(),
            "in date" if each.counts_on(today_of(now)) else "over",
        )
        for each in (known.assurances if known else ())
    )
    tree = tuple((str(each.depth), each.term, str(each.lookups), each.problem or "–") for each in report.spf)
    evidence: Grid | str = (
        Grid(("Kind", "Where it is kept", "Until", "Standing"), shown) if shown else "None is recorded."
    )
    sections = (
        Section("What was seen from outside", (Grid(("Check", "Result", "Found", "What to do"), findings),)),
        Section("What is recorded besides", (evidence,)),
        Section("SPF record, term by term", (Grid(("Level", "Term", "Look-ups", "Problem"), tree),)),
    )
    title, when = f"How {report.domain} looks from outside", rfc3339(report.checked_at)
    words = "What could not be seen says nothing about the domain. Nothing was sent."
    return to_html(Page(title, f"Looked at {when}.", sections, words))


def report_record(report: DomainReport) -> Record:
    """`good`: nothing is to be fixed, and nothing could not be told."""
    return {
        "domain": report.domain,
        "checked_at": rfc3339(report.checked_at),
        "good": not any(each.verdict in {Verdict.FIX, Verdict.UNKNOWN} for each in report.findings),
        "findings": [
            {"check": each.check, "verdict": each.verdict.value, "found": each.found, "to_do": each.to_do}
            for each in report.findings
        ],
    }


def tree_record(report: DomainReport) -> Record:
    terms = [
        {"depth": each.depth, "term": each.term, "lookups": each.lookups, "problem": each.problem}
        for each in report.spf
    ]
    return {"domain": report.domain, "checked_at": rfc3339(report.checked_at), "terms": terms}


def looked(report: DomainReport | Full | None, domain: str) -> DomainReport:
    """Raises CommandFailed when the answers of the DNS took too long, or when there were too many looks."""
    if isinstance(report, Full):
        raise CommandFailed(
            "WM-LIMIT-LOOKS",
            "Domains were looked at too often in the last hour: each look knocks at doors of others.",
            "Read the last look, or try again later.",
            TRY_LATER,
        )
    if report is None:
        raise CommandFailed(
            "WM-DOMAIN-SILENT",
            f"The DNS took too long to answer for {domain}: that says nothing about the domain.",
            "Try again.",
            TRY_LATER,
        )
    return report


def seen_last(reports: Sequence[DomainReport], domain: str) -> DomainReport:
    """Raises CommandFailed when nobody has looked."""
    if not reports:
        raise CommandFailed(
            "WM-DOMAIN-UNSEEN",
            f"Nobody has looked at {domain} yet.",
            f"Look: wardmail domain check {domain}",
            NOT_FOUND,
        )
    return reports[0]
