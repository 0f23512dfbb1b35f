"""One version of the policy: what differs, its checks, what it would do; approved by another person, put in force."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from wardmail.manage.integrations import BadInput
from wardmail.manage.policy_desk import PolicyOutcome
from wardmail.manage.policy_life import check
from wardmail.manage.policy_trial import Trial, trial
from wardmail.model.person import Permission, Person
from wardmail.model.policy import NO_SITE_POLICY, PolicyState, PolicyVersion
from wardmail.policy.changes import rule_changes
from wardmail.policy.site_rules import read_text, rules_in_force
from wardmail.web.pages.govern.outcomes import settled
from wardmail.web.pages.govern.policy import HERE, VERSIONS, change_grid, finding_words, state_cell
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import SAY_WHY, Question, asked_again, reason_of, reason_problems, told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.words import moment, summary

MOST_JUDGED = 5_000
"""Copies that a page judges again; the command judges them all."""

_MONTH = 30 * 86_400.0
_HEADINGS = ("Copies", "Integration", "Domain", "Now", "Would be", "Because of", "For example")
_STEPS = {"check": "Check it", "approve": "Approve it", "activate": "Put it in force", "withdraw": "Withdraw it"}


class PolicyVersionPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        version = await self._one(visit)
        return self._gone(visit) if version is None else await self._draw(visit, version)

    async def act(self, visit: Visit) -> Response:
        version = await self._one(visit)
        if version is None:
            return self._gone(visit)
        do, reason = visit.form.get("do", ""), reason_of(visit)
        back = f"{VERSIONS}/{version.number}"
        if do == "simulate":
            await self._services.register()
            return await self._draw(visit, version, simulated=await asyncio.to_thread(self._simulated, version))
        if do not in {"check"} and reason_problems(reason):
            return await self._draw(visit, version, unreasoned=do)
        if do == "activate" and visit.form.get("confirmed") != "yes":
            words = "Every process follows within a second. What was decided before stays as it was decided."
            fields = {"do": do, "reason": reason}
            question = Question(
                f"Put version {version.number} in force?", (words,), back, "Yes, put it in force", back, fields
            )
            return asked_again(self._pages, visit, HERE, question)
        done = await asyncio.to_thread(self._done, visit.visitor.person, version.number, do, reason)
        return settled(self._pages, visit, HERE, done, back)

    def _done(self, actor: Person, number: int, do: str, reason: str) -> PolicyOutcome | None:
        desk = self._services.policy
        match do:
            case "check":
                return desk.check(actor, number)
            case "approve":
                return desk.approve(actor, number, reason)
            case "activate":
                return desk.activate(actor, number, reason)
            case "withdraw":
                return desk.withdraw(actor, number, reason)
            case _:
                return BadInput("Choose what to do.")

    def _simulated(self, version: PolicyVersion) -> Trial:
        services = self._services
        since = services.console.clock.now() - _MONTH
        after = rules_in_force(read_text(version.rows))
        copies = services.policy_book.facts_since(since, MOST_JUDGED)
        return trial(services.console.world.rules, after, copies)

    async def _draw(
        self, visit: Visit, version: PolicyVersion, *, simulated: Trial | None = None, unreasoned: str | None = None
    ) -> Response:
        versions = {each.number: each for each in await asyncio.to_thread(self._services.policy_book.all)}
        basis = versions.get(version.basis, NO_SITE_POLICY)
        changes = rule_changes(read_text(basis.rows), read_text(version.rows))
        is_open = version.state in {PolicyState.DRAFT, PolicyState.CHECKED, PolicyState.APPROVED}
        problem = {"text": SAY_WHY, "href": f"#reason-{unreasoned}"}
        return self._pages.draw(
            "govern/policy-version.jinja",
            f"Policy version {version.number}",
            200 if unreasoned is None else 422,
            visitor=visit.visitor,
            here=HERE,
            version=version,
            tag=state_cell(version),
            rows=_rows(version),
            changes=change_grid(changes),
            basis=basis.number,
            findings=finding_words(check(version).findings) if is_open else [],
            steps=_steps(version, visit.visitor.person),
            waits=_waits(version, visit.visitor.person),
            simulated=simulated,
            outcome=_grid(simulated) if simulated else None,
            is_cut=simulated is not None and simulated.seen >= MOST_JUDGED,
            unreasoned=unreasoned,
            problems=[] if unreasoned is None else [problem],
            errors=unreasoned is not None,
        )

    async def _one(self, visit: Visit) -> PolicyVersion | None:
        wanted = str(visit.request.path_params["number"])
        versions = await asyncio.to_thread(self._services.policy_book.all)
        return next((each for each in versions if str(each.number) == wanted), None)

    def _gone(self, visit: Visit) -> Response:
        words = "Look for it in the list of versions."
        return told(self._pages, visit, HERE, 404, "There is no such version", words, back=HERE)


def _rows(version: PolicyVersion) -> object:
    return summary(
        ("Drafted by", f"{version.author}, {moment(version.drafted_at)}"),
        ("Why", version.reason),
        ("Approved by", "; ".join(f"{each.by}, {moment(each.at)}: {each.reason}" for each in version.approvals)),
        ("In force from", moment(version.activated_at)),
        ("Until", moment(version.ended_at)),
    )


def _steps(version: PolicyVersion, person: Person) -> list[dict[str, object]]:
    """What this person may do with it now; whoever drafted it does not approve it."""
    propose, state = person.may(Permission.PROPOSE_POLICY), version.state
    can = {
        "check": propose and state is PolicyState.DRAFT,
        "approve": person.may(Permission.APPROVE_POLICY)
        and state is PolicyState.CHECKED
        and person.id != version.author,
        "activate": propose and state is PolicyState.APPROVED,
        "withdraw": propose and state in {PolicyState.DRAFT, PolicyState.CHECKED, PolicyState.APPROVED},
    }
    return [
        {"do": do, "words": words, "needs_reason": do != "check", "is_grave": do == "withdraw"}
        for do, words in _STEPS.items()
        if can[do]
    ]


def _waits(version: PolicyVersion, person: Person) -> str:
    if version.state is PolicyState.CHECKED and person.id == version.author:
        return "You drafted it: another person must approve it."
    return ""


def _grid(done: Trial) -> Grid:
    rows = [
        cells(
            f"{each.copies:,}",
            each.integration,
            each.domain,
            each.now,
            each.would,
            each.because,
            Cell(each.example, f"/messages/{each.example}"),
        )
        for each in done.changes
    ]
    return Grid("What would fare differently", _HEADINGS, rows)
