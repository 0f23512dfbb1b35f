"""Other organisations' domains: looked at when somebody asks, with what they show besides (SHARE-8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from wardmail.manage.due import due_assurances
from wardmail.manage.integrations import BadInput
from wardmail.manage.signing_keys import checked_domain, named_selectors
from wardmail.model.own_domain import AssuranceKind, KnownDomain
from wardmail.model.person import Permission
from wardmail.web.pages.govern.domains import history, unseen, verdicts, worst_cell
from wardmail.web.pages.govern.outcomes import refused
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.words import day, day_of, moment

_TOP, HERE = "/domains", "/domains/others"
_KINDS = {
    AssuranceKind.ISO_27001: "ISO 27001 certificate",
    AssuranceKind.PENETRATION_TEST: "Penetration test",
    AssuranceKind.DSPT: "Data Security and Protection Toolkit",
    AssuranceKind.CYBER_ESSENTIALS: "Cyber Essentials",
    AssuranceKind.OTHER: "Something else",
}


class OtherDomainPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show_all(self, visit: Visit) -> Response:
        return await self._draw_all(visit, "")

    async def look(self, visit: Visit) -> Response:
        """At a domain that was typed, or whose page this is."""
        text = str(visit.request.path_params.get("domain") or visit.form.get("domain", ""))
        name = checked_domain(text)
        if isinstance(name, BadInput):
            return await self._draw_all(visit, text.strip()[:253], name.reason)
        if name in await self._ours():
            return RedirectResponse(f"{_TOP}/{name}", 303)
        # Asked for on the domain's own page alone, which can show again what was typed.
        typed = visit.form.get("selectors", "")[:1000] if "domain" in visit.request.path_params else ""
        named = named_selectors([typed])
        if isinstance(named, BadInput):
            return await self._draw(visit, {"selectors": typed}, named.reason, "selectors")
        who = visit.visitor.person.id
        found = await self._services.domains.verify(name, is_ours=False, person=who, selectors=named)
        return unseen(self._pages, visit, found, HERE) or RedirectResponse(f"{HERE}/{name}", 303)

    async def show(self, visit: Visit) -> Response:
        domain = str(visit.request.path_params["domain"])
        if domain in await self._ours():
            return RedirectResponse(f"{_TOP}/{domain}", 303)
        return await self._draw(visit, {})

    async def record(self, visit: Visit) -> Response:
        """What the organisation shows; a domain that is not on record yet is put there."""
        domain = checked_domain(str(visit.request.path_params["domain"]))
        if isinstance(domain, BadInput):
            return self._gone(visit)
        if domain in await self._ours():
            return RedirectResponse(f"{_TOP}/{domain}", 303)
        person, book = visit.visitor.person, self._services.domain_book
        typed = {name: visit.form.get(name, "").strip() for name in ("kind", "reference", "until")}
        until = day_of(typed["until"])
        if typed["kind"] not in set(AssuranceKind) or until is None:
            return await self._draw(visit, typed, "Choose what it is, and write its last day as 2027-03-31")
        if domain not in await self._services.domains.known():
            added = await asyncio.to_thread(book.add, person, domain, is_ours=False, note="")
            if isinstance(added, BadInput):
                return self._gone(visit)
        kind = AssuranceKind(typed["kind"])
        done = await asyncio.to_thread(book.record_assurance, person, domain, kind, typed["reference"], until)
        if isinstance(done, BadInput):
            return await self._draw(visit, typed, done.reason)
        return refused(self._pages, visit, _TOP, done, HERE) or RedirectResponse(f"{HERE}/{domain}", 303)

    async def _draw_all(self, visit: Visit, typed: str, error: str = "") -> Response:
        reports, known = await self._services.domains.reports(), await self._services.domains.known()
        names = sorted((set(reports) | set(known)) - await self._ours())
        rows = [
            cells(
                Cell(each, f"{HERE}/{each}"),
                worst_cell(reports.get(each)),
                known[each].note if each in known else "",
                self._evidence(known.get(each)),
                moment(reports[each].checked_at) if each in reports else "Not yet",
            )
            for each in names
        ]
        return self._pages.draw(
            "govern/other-domains.jinja",
            "Other organisations’ domains",
            422 if error else 200,
            visitor=visit.visitor,
            here=_TOP,
            grid=Grid("Other domains", ("Domain", "Verdict", "Note", "Evidence", "Looked at"), rows),
            typed=typed,
            problems=[{"text": error, "href": "#domain"}] if error else [],
            errors=bool(error),
        )

    async def _draw(
        self, visit: Visit, typed: Mapping[str, str], error: str = "", field: str = "reference"
    ) -> Response:
        domain = str(visit.request.path_params["domain"])
        looks, known = await self._services.domains.history(domain), await self._services.domains.known()
        if not looks and domain not in known:
            return self._gone(visit)
        return self._pages.draw(
            "govern/other-domain.jinja",
            domain,
            422 if error else 200,
            visitor=visit.visitor,
            here=_TOP,
            domain=domain,
            checked=moment(looks[0].checked_at) if looks else "",
            verdicts=verdicts(looks[0], "How does this domain look from outside?") if looks else None,
            history=history(looks) if len(looks) > 1 else None,
            shown=self._shown(known.get(domain)),
            may_record=visit.visitor.person.may(Permission.MANAGE_LISTS),
            kinds=[(each.value, words) for each, words in _KINDS.items()],
            typed=typed,
            problems=[{"text": error, "href": f"#{field}"}] if error else [],
            errors={field: error} if error else {},
        )

    async def _ours(self) -> set[str]:
        return set(await self._services.our_domains(await self._services.domains.keys()))

    def _shown(self, known: KnownDomain | None) -> Grid | None:
        if known is None or not known.assurances:
            return None
        today = self._services.agreements.today
        rows = [
            cells(
                _KINDS[each.kind], _standing(each.counts_on(today)), each.reference, day(each.until), each.recorded_by
            )
            for each in known.assurances
        ]
        return Grid("What they show besides", ("What", "Standing", "Where it is kept", "Until", "Recorded by"), rows)

    def _evidence(self, known: KnownDomain | None) -> Cell:
        if known is None or not known.assurances:
            return Cell("None")
        due = due_assurances([known], self._services.agreements.today)
        if any(each.is_over for each in due):
            return Cell("Over", colour="red")
        return Cell("Ends soon", colour="yellow") if due else Cell("In date", colour="green")

    def _gone(self, visit: Visit) -> Response:
        words = "Ask for it by the form, and it is looked at now."
        return told(self._pages, visit, _TOP, 404, "Nobody has looked at that domain", words, back=HERE)


def _standing(in_date: bool) -> Cell:
    return Cell("In date", colour="green") if in_date else Cell("Over", colour="red")
