"""The checks of `wardmail doctor` on domains: evidence of others that ends, and our own domains that look wrong."""

from __future__ import annotations

from collections.abc import Iterator

from wardmail.app.domain_wiring import domain_book_desk, ours_of
from wardmail.app.finding import Finding
from wardmail.app.installation import Installation
from wardmail.app.output import today_of
from wardmail.manage.due import due_assurances
from wardmail.model.own_domain import Verdict
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
    wrong = {
        name: [each.check for each in looks[name].findings if each.verdict is Verdict.FIX]
        for name in ours
        if name in looks
    }
    for name, checks in wrong.items():
        if checks:
            to_do = f"wardmail domain check {name}"
            yield Finding(f"Domain {name}", "advice", f"to be fixed: {', '.join(checks)}", to_do)
    if not due and not any(wrong.values()):
        seen = sum(name in looks for name in ours)
        yield Finding("Domains", "good", f"{seen} of {len(ours)} looked at; {len(known)} on record")
