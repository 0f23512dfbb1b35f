"""The checks of `wardmail doctor` on domains: evidence of others that ends, and our own domains that look wrong."""

from __future__ import annotations

from collections.abc import Iterator

from wardmail.app.domain_wiring import domain_book_desk, ours_of
from wardmail.app.finding import Finding
from wardmail.app.installation import Installation
from wardmail.app.output import today_of
from wardmail.manage.due import due_assurances
from wardmail.model.own_domain import DomainReport, Verdict
from wardmail.store.domain_reports import StoreDomainReports


def domains(installation: Installation) -> Iterator[Finding]:
    known, today = domain_book_desk(installation).all(), today_of(installation.clock.now())
    due = due_assurances(known.values(), today)
    for each in due:
        kind, until = each.shown.kind.value, each.shown.until.isoformat()
        words = f"its evidence {kind} ended on {until}" if each.is_over else f"its evidence {kind} ends on {until}"
        to_do = f"Ask for a new one: wardmail domain evidence {each.domain} --kind {kind} …"
        yield Finding(f"Domain {each.domain}", "advice", words, to_do)
    looks, ours = StoreDomainReports(installation.database).newest(), sorted(ours_of(installation))
    seen = [name for name in ours if name in looks]
    wrong = {name: words for name in seen if (words := _wrong(looks[name]))}
    for name, words in wrong.items():
        yield Finding(f"Domain {name}", "advice", words, f"wardmail domain check {name}")
    if not due and not wrong:
        yield Finding("Domains", "good", f"{len(seen)} of {len(ours)} looked at; {len(known)} on record")


def _wrong(look: DomainReport) -> str:
    """Empty when all is well; what nobody could tell is not."""
    told = []
    for verdict, words in ((Verdict.FIX, "to be fixed"), (Verdict.UNKNOWN, "could not be told")):
        checks = [each.check for each in look.findings if each.verdict is verdict]
        if checks:
            told.append(f"{words}: {', '.join(checks)}")
    return "; ".join(told)
