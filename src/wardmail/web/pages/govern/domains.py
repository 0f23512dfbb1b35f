"""Our own sender domains: how each looks from outside, what to do about it, and the records to copy (SHARE-8, SHARE-17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import RedirectResponse, Response

from wardmail.assurance.domain_desk import records_for, sender_domains
from wardmail.assurance.publish import zone_lines
from wardmail.model.own_domain import DomainFinding, DomainKey, DomainReport, SpfTerm, Verdict
from wardmail.posture.spf import MOST_LOOKUPS
from wardmail.web.pages.charts import Chart, tree
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.words import moment

HERE = "/domains"
_WORST_FIRST = (Verdict.FIX, Verdict.UNKNOWN, Verdict.IMPROVE, Verdict.NOT_USED, Verdict.GOOD)
_VERDICTS = {
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
        keys, reports = await self._services.domains.keys(), await self._services.domains.reports()
        rows = [
            cells(
                Cell(each, f"{HERE}/{each}"),
                _worst_cell(reports.get(each)),
                _worst_words(reports.get(each)),
                str(sum(key.state != "retired" for key in keys.get(each, ()))),
                moment(reports[each].checked_at) if each in reports else "Not yet",
            )
            for each in await self._domains(keys)
        ]
        headings = ("Domain", "Verdict", "The worst that was found", "Keys that sign", "Looked at")
        return self._pages.draw(
            "govern/domains.jinja", "Domains", visitor=visit.visitor, here=HERE, grid=Grid("Domains", headings, rows)
        )

    async def show(self, visit: Visit) -> Response:
        domain, keys = str(visit.request.path_params["domain"]), await self._services.domains.keys()
        if domain not in await self._domains(keys):
            return self._gone(visit)
        report = (await self._services.domains.reports()).get(domain)
        mine = keys.get(domain, ())
        worst = _worst(report)
        return self._pages.draw(
            "govern/domain.jinja",
            domain,
            visitor=visit.visitor,
            here=HERE,
            domain=domain,
            checked=moment(report.checked_at) if report else "",
            worst=worst if worst is not None and worst.verdict is Verdict.FIX else None,
            verdicts=_verdicts(report) if report else None,
            keys=_keys(mine),
            zone="\n".join(zone_lines(records_for(domain, mine))),
            picture=_picture(report) if report and len(report.spf) > 1 else None,
            spf=_terms(report) if report and len(report.spf) > 1 else None,
        )

    async def verify(self, visit: Visit) -> Response:
        domain = str(visit.request.path_params["domain"])
        if domain not in await self._domains(await self._services.domains.keys()):
            return self._gone(visit)
        if await self._services.domains.verify(domain) is None:
            words = "It took too long. That says nothing about the domain."
            return told(
                self._pages, visit, HERE, 503, "The DNS does not answer just now", words, back=f"{HERE}/{domain}"
            )
        return RedirectResponse(f"{HERE}/{domain}", 303)

    async def _domains(self, keyed: Mapping[str, object]) -> Sequence[str]:
        snapshot = await self._services.register()
        return sender_domains(snapshot.integrations.values(), keyed)

    def _gone(self, visit: Visit) -> Response:
        words = "Domains are those that our integrations send as."
        return told(self._pages, visit, HERE, 404, "That is none of our domains", words, back=HERE)


def _worst(report: DomainReport | None) -> DomainFinding | None:
    return min(report.findings, key=lambda each: _WORST_FIRST.index(each.verdict)) if report else None


def _worst_cell(report: DomainReport | None) -> Cell:
    worst = _worst(report)
    return _verdict(worst.verdict) if worst is not None else Cell("Not looked at", colour="blue")


def _worst_words(report: DomainReport | None) -> str:
    worst = _worst(report)
    return f"{worst.check}: {worst.found}" if worst is not None and worst.verdict is not Verdict.GOOD else ""


def _verdict(verdict: Verdict) -> Cell:
    words, colour = _VERDICTS[verdict]
    return Cell(words, colour=colour)


def _verdicts(report: DomainReport) -> Grid:
    rows = [cells(each.check, _verdict(each.verdict), each.found, each.to_do or "Nothing") for each in report.findings]
    return Grid("Is this domain ready to send?", ("Check", "Result", "What we found", "What to do"), rows)


def _keys(keys: Sequence[DomainKey]) -> Grid:
    rows = [
        cells(each.selector, each.algorithm, each.state, each.kept_in, moment(each.last_used) or "Not seen")
        for each in keys
    ]
    return Grid("Signing keys", ("Selector", "Algorithm", "State", "Kept in", "Last used"), rows)


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
