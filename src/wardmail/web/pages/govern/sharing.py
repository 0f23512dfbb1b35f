"""Sharing agreements: the list and the calendar of their endings, one of them, and recording a new one (SHARE-6)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import RedirectResponse, Response

from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.manage.registration import LEVELS
from wardmail.model.agreement import AgreedProtection, Agreement, AgreementStanding
from wardmail.model.person import Permission
from wardmail.policy.agreement_endings import endings
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import SAY_WHY, reason_of, reason_problems
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.words import day, day_of, summary

HERE = "/sharing"
NEW = "/new-agreement"
STANDING: Mapping[AgreementStanding, tuple[str, str]] = {
    AgreementStanding.UNSIGNED: ("Not signed", "blue"),
    AgreementStanding.TO_COME: ("Not begun", "yellow"),
    AgreementStanding.IN_FORCE: ("In force", "green"),
    AgreementStanding.ENDED: ("Ended", "grey"),
}
PROTECTION = {
    AgreedProtection.ENCRYPTED: "Encrypted content",
    AgreedProtection.VERIFIED_TLS: "Required TLS, name verified",
}
_HEADINGS = ("Partner", "Standing", "Covers", "Protection agreed", "Ends")
_CALENDAR = ("Ends", "Days left", "Agreement", "Partner")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    words: str
    hint: str = ""
    lines: bool = False
    choices: tuple[tuple[str, str], ...] = ()


FIELDS: tuple[_Field, ...] = (
    _Field("name", "Short name of the agreement", "Small letters, digits and hyphens, for example county-care-2027."),
    _Field("partner", "Partner organisation"),
    _Field("partner_contact", "Whom to ask there"),
    _Field("domains", "Its domains", "One on each line; *.x.example for all below.", lines=True),
    _Field("addresses", "Single addresses", "Instead of, or besides, domains. One on each line.", lines=True),
    _Field("purpose", "What the sharing is for"),
    _Field("information", "What is shared", "For example, discharge summaries."),
    _Field("lawful_basis", "Lawful basis", "For example, UK GDPR 6(1)(e), 9(2)(h)."),
    _Field(
        "integrations", "Only for these integrations", "Short names, one on each line. Nothing: for all.", lines=True
    ),
    _Field("highest", "Highest classification", choices=tuple((name, level.label) for name, level in LEVELS.items())),
    _Field("protection", "Protection agreed", choices=tuple((each.value, words) for each, words in PROTECTION.items())),
    _Field("document", "Where the signed agreement is kept"),
    _Field("starts", "First day", "For example, 2026-12-01"),
    _Field("ends", "Last day", "For example, 2027-11-30; within three years."),
    _Field("reason", "Why is it recorded?", "Kept in the audit with your name."),
)


class SharingPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show_all(self, visit: Visit) -> Response:
        snapshot, today = await self._services.register(), self._services.agreements.today
        found = sorted(
            snapshot.agreements.values(), key=lambda each: (each.standing(today).value == "ended", each.ends)
        )
        rows = [
            cells(
                Cell(each.partner, f"{HERE}/{each.id}"),
                standing_cell(each, today),
                ", ".join((*each.domains, *each.addresses)),
                PROTECTION[each.protection],
                day(each.ends),
            )
            for each in found
        ]
        calendar = [
            cells(day(each.ends), left, Cell(each.id, f"{HERE}/{each.id}"), each.partner)
            for left, each in endings(snapshot.agreements.values(), today)
        ]
        return self._pages.draw(
            "govern/sharing.jinja",
            "Sharing agreements",
            visitor=visit.visitor,
            here=HERE,
            grid=Grid("Sharing agreements", _HEADINGS, rows),
            calendar=Grid("What ends when", _CALENDAR, calendar),
            appetite=snapshot.appetite.level.value,
            new=NEW if visit.visitor.person.may(Permission.MANAGE_AGREEMENTS) else "",
        )

    async def new(self, visit: Visit) -> Response:
        return self._form(visit, {"highest": "official-sensitive"})

    async def create(self, visit: Visit) -> Response:
        """The form, then the answers to be looked at, then the record."""
        typed = {each.name: visit.form.get(each.name, "").replace("\r\n", "\n").strip() for each in FIELDS}
        reason = reason_of(visit)
        made = _agreement(typed)
        if isinstance(made, BadInput):
            return self._form(visit, typed, made.reason)
        if reason_problems(reason):
            return self._form(visit, typed, SAY_WHY)
        if visit.form.get("confirmed") == "change":
            return self._form(visit, typed)
        if visit.form.get("confirmed") != "yes":
            return self._answers(visit, typed)
        done = await asyncio.to_thread(self._services.agreements.add, visit.visitor.person, made, reason)
        if isinstance(done, BadInput | Forbidden):
            return self._form(visit, typed, done.reason)
        return RedirectResponse(f"{HERE}/{done.id}", 303)

    def _form(self, visit: Visit, typed: Mapping[str, str], error: str = "") -> Response:
        return self._pages.draw(
            "govern/new-agreement.jinja",
            "Record a sharing agreement",
            422 if error else 200,
            visitor=visit.visitor,
            here=HERE,
            fields=FIELDS,
            typed=typed,
            problems=[{"text": error, "href": "#name"}] if error else [],
            errors=bool(error),
        )

    def _answers(self, visit: Visit, typed: Mapping[str, str]) -> Response:
        shown = [(each.words, dict(each.choices).get(typed[each.name], typed[each.name])) for each in FIELDS]
        return self._pages.draw(
            "govern/agreement-answers.jinja",
            "Check your answers",
            visitor=visit.visitor,
            here=HERE,
            rows=summary(*shown),
            typed=typed,
        )


def standing_cell(agreement: Agreement, today: date) -> Cell:
    words, colour = STANDING[agreement.standing(today)]
    return Cell(words, colour=colour)


def _agreement(typed: Mapping[str, str]) -> Agreement | BadInput:
    """As it was typed; whether it can be one, the desk says."""
    starts, ends = day_of(typed["starts"]), day_of(typed["ends"])
    if starts is None or ends is None:
        return BadInput("An agreement needs its first and its last day, as 2026-12-01.")
    if typed["highest"] not in LEVELS or typed["protection"] not in {each.value for each in AgreedProtection}:
        return BadInput("Choose a classification, and the protection that was agreed.")
    plain = ("partner", "partner_contact", "purpose", "information", "lawful_basis", "document")
    lines = ("domains", "addresses", "integrations")
    if any(not part.isprintable() for name in (*plain, "name") for part in typed[name].splitlines()):
        return BadInput("There are characters in it that cannot be seen: type it anew.")
    given: dict[str, Any] = {name: typed[name] for name in plain}
    given |= {name: tuple(typed[name].split()) for name in lines}
    return Agreement(
        id=typed["name"],
        starts=starts,
        ends=ends,
        highest=LEVELS[typed["highest"]],
        protection=AgreedProtection(typed["protection"]),
        **given,
    )
