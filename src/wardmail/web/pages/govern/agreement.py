"""One sharing agreement: what it covers, who signed it; to sign, renew or end it."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from wardmail.manage.agreement_desk import SIGNING, AgreementOutcome
from wardmail.manage.agreements import SignOff
from wardmail.manage.integrations import BadInput
from wardmail.model.agreement import Agreement, AgreementStanding
from wardmail.model.person import Approval, Permission, Person
from wardmail.web.pages.govern.history import told_history
from wardmail.web.pages.govern.outcomes import settled
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.govern.sharing import HERE, PROTECTION, standing_cell
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import SAY_WHY, Question, asked_again, reason_of, reason_problems, told
from wardmail.web.pages.words import day, day_of, moment, summary

_PARTS = {SignOff.GOVERNANCE: "Information governance", SignOff.CLINICAL_SAFETY: "Clinical safety"}


class AgreementPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        agreement = await self._one(visit)
        return self._gone(visit) if agreement is None else await self._draw(visit, agreement)

    async def act(self, visit: Visit) -> Response:
        agreement = await self._one(visit)
        if agreement is None:
            return self._gone(visit)
        do, reason = visit.form.get("do", ""), reason_of(visit)
        if reason_problems(reason):
            return await self._draw(visit, agreement, do)
        back = f"{HERE}/{agreement.id}"
        if do == "end" and visit.form.get("confirmed") != "yes":
            words = "What it let go is held from this second on. This cannot be taken back."
            question = Question(
                f"End the agreement with {agreement.partner}?",
                (words, f"Your reason: {reason}"),
                back,
                "Yes, end it",
                back,
                {"do": "end", "reason": reason},
            )
            return asked_again(self._pages, visit, HERE, question)
        done = await asyncio.to_thread(self._done, visit, agreement, reason)
        to = f"{HERE}/{done.id}" if isinstance(done, Agreement) else back
        return settled(self._pages, visit, HERE, done, to)

    def _done(self, visit: Visit, agreement: Agreement, reason: str) -> AgreementOutcome | None:
        desk, actor, form = self._services.agreements, visit.visitor.person, visit.form
        match form.get("do"):
            case "end":
                return desk.end(actor, agreement.id, reason)
            case "renew":
                ends = day_of(form.get("ends", ""))
                if ends is None:
                    return BadInput("Say its last day, as 2028-11-30.")
                return desk.renew(actor, agreement.id, form.get("new_name", "").strip(), ends, reason)
            case "governance" | "clinical-safety" as part:
                return desk.sign(actor, agreement.id, SignOff(part), reason)
            case _:
                return BadInput("Choose what to do.")

    async def _draw(self, visit: Visit, agreement: Agreement, unreasoned: str | None = None) -> Response:
        events = await asyncio.to_thread(self._services.history, agreement.id)
        today, person = self._services.agreements.today, visit.visitor.person
        standing = agreement.standing(today)
        may = person.may(Permission.MANAGE_AGREEMENTS) and standing is not AgreementStanding.ENDED
        problem = {"text": SAY_WHY, "href": f"#reason-{unreasoned}"}
        return self._pages.draw(
            "govern/agreement.jinja",
            f"Agreement with {agreement.partner}",
            200 if unreasoned is None else 422,
            visitor=visit.visitor,
            here=HERE,
            agreement=agreement,
            tag=standing_cell(agreement, today),
            rows=_rows(agreement),
            to_sign=_to_sign(agreement, person) if standing is not AgreementStanding.ENDED else [],
            may_manage=may,
            events=told_history(events),
            unreasoned=unreasoned,
            problems=[] if unreasoned is None else [problem],
            errors=unreasoned is not None,
        )

    async def _one(self, visit: Visit) -> Agreement | None:
        snapshot = await self._services.register()
        return snapshot.agreements.get(str(visit.request.path_params["id"]))

    def _gone(self, visit: Visit) -> Response:
        words = "Look for it in the list of agreements."
        return told(self._pages, visit, HERE, 404, "There is no such agreement", words, back=HERE)


def _to_sign(agreement: Agreement, person: Person) -> list[dict[str, object]]:
    """The parts that nobody has signed, and whether this person may; never both parts by one person."""
    given = {SignOff.GOVERNANCE: agreement.governance, SignOff.CLINICAL_SAFETY: agreement.clinical_safety}
    others = {each.by for each in given.values() if each is not None}
    return [
        {"part": part.value, "words": words, "may": person.may(SIGNING[part]) and person.id not in others}
        for part, words in _PARTS.items()
        if given[part] is None
    ]


def _rows(agreement: Agreement) -> object:
    return summary(
        ("Partner", agreement.partner),
        ("Whom to ask there", agreement.partner_contact),
        ("Covers", ", ".join((*agreement.domains, *agreement.addresses))),
        ("For", ", ".join(agreement.integrations) or "all integrations"),
        ("Purpose", agreement.purpose),
        ("What is shared", agreement.information),
        ("Lawful basis", agreement.lawful_basis),
        ("Highest classification", agreement.highest.label),
        ("Protection agreed", PROTECTION[agreement.protection]),
        ("From", day(agreement.starts)),
        ("Until", day(agreement.ends)),
        ("Where it is kept", agreement.document),
        *(
            (f"Signed for {words.lower()}", _by(given))
            for words, given in (
                ("information governance", agreement.governance),
                ("clinical safety", agreement.clinical_safety),
            )
        ),
        ("Ended", _by(agreement.ended) if agreement.ended else ""),
    )


def _by(given: Approval | None) -> str:
    return f"{given.by}, {moment(given.at)}: {given.reason}" if given else "Nobody yet"
