"""Our own sender domains: how each looks from outside, what to do about it, and the records to copy (SHARE-8, SHARE-17)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from starlette.responses import RedirectResponse, Response

from wardmail.assurance.domain_desk import records_for
from wardmail.assurance.publish import zone_lines
from wardmail.manage.integrations import BadInput
from wardmail.model.own_domain import DomainFinding, DomainReport, KeyState, SpfTerm, Verdict
from wardmail.model.person import Permission
from wardmail.model.stored import Full
from wardmail.posture.spf import MOST_LOOKUPS
from wardmail.web.pages.charts import Chart, tree
from wardmail.web.pages.govern.domain_keys import key_rows
from wardmail.web.pages.govern.outcomes import refused
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.rendering import Pages
from wardmail.web.pages.words import moment

HERE = "/domains"
_WORST_FIRST = (Verdict.FIX, Verdict.UNKNOWN, Verdict.IMPROVE, Verdict.NOT_USED, Verdict.GOOD)
VERDICTS = {
    Verdict.GOOD: ("Good", "green"),
    Verdict.IMPROVE: ("Improve", "yellow"),
    Verdict.FIX: ("Fix", "red"),
    Verdict.NOT_USED: ("Not used", "grey"),
    Verdict.UNKNOWN: ("Cannot tell", "orange"),
}
_TREE = ("Level", "Term", "Look-ups", "Problem")


class DomainsPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show_all(self, visit: Visit) -> Response:
        return await self._draw_all(visit, {})

    async def _draw_all(self, visit: Visit, typed: Mapping[str, str], error: str = "") -> Response:
        keys, reports = await self._services.domains.keys(), await self._services.domains.reports()
        rows = [
            cells(
                Cell(each, f"{HERE}/{each}"),
                worst_cell(reports.get(each)),
                _worst_words(reports.get(each)),
                str(sum(key.state is KeyState.ACTIVE for key in keys.get(each, ()))),
                moment(reports[each].checked_at) if each in reports else "Not yet",
            )
            for each in await self._services.our_domains(keys)
        ]
        headings = ("Domain", "Verdict", "The worst that was found", "Keys that sign", "Looked at")
        return self._pages.draw(
            "govern/domains.jinja",
            "Domains",
            422 if error else 200,
            visitor=visit.visitor,
            here=HERE,
            grid=Grid("Domains", headings, rows),
            may_add=visit.visitor.person.may(Permission.MANAGE_LISTS),
            typed=typed,
            problems=[{"text": error, "href": "#domain"}] if error else [],
            errors=bool(error),
        )

    async def show(self, visit: Visit) -> Response:
        domain, keys = str(visit.request.path_params["domain"]), await self._services.domains.keys()
        if domain not in await self._services.our_domains(keys):
            return gone(self._pages, visit)
        looks, known = await self._services.domains.history(domain), await self._services.domains.known()
        report = looks[0] if looks else None
        worst, mine, person = _worst(report), keys.get(domain, ()), visit.visitor.person
        return self._pages.draw(
            "govern/domain.jinja",
            domain,
            visitor=visit.visitor,
            here=HERE,
            domain=domain,
            checked=moment(report.checked_at) if report else "",
            worst=worst if worst is not None and worst.verdict is Verdict.FIX else None,
            verdicts=verdicts(report) if report else None,
            history=history(looks) if len(looks) > 1 else None,
            keys=key_rows(mine),
            known=str(len(mine)),
            once=self._services.console.once.mark(visit.visitor),
            may_keep=person.may(Permission.KEEP_SECRETS),
            note=known[domain].note if domain in known else "",
            may_remove=domain in known and person.may(Permission.MANAGE_LISTS),
            zone="\n".join(zone_lines(records_for(domain, mine, self._services.console.world.clock.now()))),
            picture=_picture(report) if report and len(report.spf) > 1 else None,
            spf=_terms(report) if report and len(report.spf) > 1 else None,
        )

    async def verify(self, visit: Visit) -> Response:
        domain = str(visit.request.path_params["domain"])
        if domain not in await self._services.our_domains(await self._services.domains.keys()):
            return gone(self._pages, visit)
        found = await self._services.domains.verify(domain, person=visit.visitor.person.id)
        return unseen(self._pages, visit, found, f"{HERE}/{domain}") or RedirectResponse(f"{HERE}/{domain}", 303)

    async def add(self, visit: Visit) -> Response:
        """Put a domain on record as ours."""
        typed = {name: visit.form.get(name, "").strip() for name in ("domain", "note")}
        person, book = visit.visitor.person, self._services.domain_book
        done = await asyncio.to_thread(book.add, person, typed["domain"], is_ours=True, note=typed["note"])
        if isinstance(done, BadInput):
            return await self._draw_all(visit, typed, done.reason)
        return refused(self._pages, visit, HERE, done, HERE) or RedirectResponse(HERE, 303)

    async def remove(self, visit: Visit) -> Response:
        domain = str(visit.request.path_params["domain"])
        done = await asyncio.to_thread(self._services.domain_book.remove, visit.visitor.person, domain)
        return refused(self._pages, visit, HERE, done or None, HERE) or RedirectResponse(HERE, 303)


def unseen(pages: Pages, visit: Visit, found: DomainReport | Full | None, back: str) -> Response | None:
    """The page that says why nobody looked; None when somebody did."""
    if found is None:
        words = "It took too long. That says nothing about the domain."
        return told(pages, visit, HERE, 503, "The DNS does not answer just now", words, back=back)
    if isinstance(found, Full):
        words = "Each look knocks at other organisations’ servers, so there is a limit for each hour."
        title = "Domains were looked at too often"
        return told(pages, visit, HERE, 429, title, words, "Read the last look, or try again later.", back=back)
    return None


def gone(pages: Pages, visit: Visit) -> Response:
    words = "Domains are those that our integrations send as, that have a key, and that were put on record."
    return told(pages, visit, HERE, 404, "That is none of our domains", words, back=HERE)


def _worst(report: DomainReport | None) -> DomainFinding | None:
    return min(report.findings, key=lambda each: _WORST_FIRST.index(each.verdict)) if report else None


def worst_cell(report: DomainReport | None) -> Cell:
    worst = _worst(report)
    return _verdict(worst.verdict) if worst is not None else Cell("Not looked at", colour="blue")


def _worst_words(report: DomainReport | None) -> str:
    worst = _worst(report)
    return f"{worst.check}: {worst.found}" if worst is not None and worst.verdict is not Verdict.GOOD else ""


def _verdict(verdict: Verdict) -> Cell:
    words, colour = VERDICTS[verdict]
    return Cell(words, colour=colour)


def verdicts(report: DomainReport, title: str = "Is this domain ready to send?") -> Grid:
    rows = [cells(each.check, _verdict(each.verdict), each.found, each.to_do or "Nothing") for each in report.findings]
    return Grid(title, ("Check", "Result", "What we found", "What to do"), rows)


def history(looks: Sequence[DomainReport]) -> Grid:
    """The newest first; what changed since the look before it is what people come for."""
    rows = []
    for look, before in zip(looks, [*looks[1:], None], strict=True):
        earlier = {each.check: each.verdict for each in before.findings} if before else {}
        changed = [
            f"{each.check}: {VERDICTS[earlier[each.check]][0]}, then {VERDICTS[each.verdict][0]}"
            for each in look.findings
            if each.check in earlier and earlier[each.check] is not each.verdict
        ]
        rows.append(cells(moment(look.checked_at), worst_cell(look), "; ".join(changed) or "–"))
    return Grid("Looks at this domain", ("Looked at", "Verdict", "What changed"), rows)


def _picture(report: DomainReport) -> Chart:
    said = [(each.depth, each.term, _cost(each), each.problem) for each in report.spf]
    return tree("spf", "SPF record, as receivers walk it", said, is_over=report.spf[0].lookups > MOST_LOOKUPS)


def _cost(term: SpfTerm) -> str:
    if not term.depth:
        return f"{term.lookups} of {MOST_LOOKUPS} look-ups"
    return f"{term.lookups} look-up{'s' * (term.lookups != 1)}" if term.lookups else ""


def _terms(report: DomainReport) -> Grid:
    rows = [cells(each.depth, each.term, each.lookups, each.problem or "–") for each in report.spf]
    return Grid("SPF record, term by term", _TREE, rows)
