"""The policy: its rules in sentences with what they came to, trying it out, and proposing a change (SHARE-1, SHARE-9)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.manage.policy_life import check, draft
from wardmail.manage.policy_text import rules_of_text, text_of_rules
from wardmail.model.person import Permission
from wardmail.model.policy import PolicyState, PolicyVersion
from wardmail.policy.changes import RuleChange, rule_changes
from wardmail.policy.codec import name_of, needs_of
from wardmail.policy.evaluate import Rule
from wardmail.policy.lint import LintFinding
from wardmail.policy.rules import BUILT_IN_RULES
from wardmail.policy.site_rules import SiteRule, read_text
from wardmail.policy.vocabulary import CONDITIONS, EFFECTS
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.once import TWICE
from wardmail.web.pages.operate.asking import reason_of, reason_problems
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.words import moment

HERE = "/policy"
VERSIONS = f"{HERE}/versions"
_MONTH = 30 * 86_400.0
_HEADINGS = ("Rule", "What it says", "Why", "Copies in 30 days")
_STATES = {
    PolicyState.DRAFT: "blue",
    PolicyState.CHECKED: "yellow",
    PolicyState.APPROVED: "yellow",
    PolicyState.ACTIVE: "green",
    PolicyState.REPLACED: "grey",
    PolicyState.WITHDRAWN: "grey",
}


class PolicyPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        services = self._services
        snapshot = await services.register()
        hits = await asyncio.to_thread(services.console.figures.hits, services.console.clock.now() - _MONTH)
        versions = await asyncio.to_thread(services.policy_book.all)
        own = read_text(snapshot.policy.rows)
        rules = [(rule, "") for rule in BUILT_IN_RULES] + [(each.rule, "Ours") for each in own]
        more = "+" if hits.is_partial else ""
        return self._pages.draw(
            "govern/policy.jinja",
            "Policy",
            visitor=visit.visitor,
            here=HERE,
            version=snapshot.policy.number,
            built_in=len(BUILT_IN_RULES),
            own=len(own),
            grid=Grid("Rules in force", _HEADINGS, [_row(rule, mark, hits.value, more) for rule, mark in rules]),
            versions=Grid(
                "Versions",
                ("Version", "State", "Drafted by", "Approved by", "In force from", "Why"),
                [_version(each) for each in reversed(versions)],
            ),
            is_partial=hits.is_partial,
            may_propose=visit.visitor.person.may(Permission.PROPOSE_POLICY),
        )

    async def propose(self, visit: Visit) -> Response:
        """The rules of the site as text, to be changed; what would change is shown before anything is kept."""
        snapshot = await self._services.register()
        rules = read_text(snapshot.policy.rows)
        if visit.request.method != "POST":
            return self._form(visit, text_of_rules(rules), "")
        text, reason = visit.form.get("rules", "").replace("\r\n", "\n"), reason_of(visit)
        wanted = rules_of_text(text)
        if isinstance(wanted, BadInput):
            return self._form(visit, text, reason, wanted.reason)
        now = self._services.console.clock.now()
        made = draft(wanted, number=0, reason=reason, author="", now=now, basis=snapshot.policy)
        if isinstance(made, BadInput):
            return self._form(visit, text, reason, made.reason)
        if reason_problems(reason):
            return self._form(visit, text, reason, "Say why, for whoever approves it")
        if visit.form.get("confirmed") == "change":
            return self._form(visit, text, reason)
        if visit.form.get("confirmed") != "yes":
            return self._preview(visit, text, reason, rules, wanted)
        return await self._kept(visit, text, reason, wanted)

    async def _kept(self, visit: Visit, text: str, reason: str, wanted: tuple[SiteRule, ...]) -> Response:
        if not await asyncio.to_thread(self._services.console.once.is_first, visit):
            return self._form(visit, text, reason, f"{TWICE} Look at the newest version.")
        done = await asyncio.to_thread(self._services.policy.draft, visit.visitor.person, wanted, reason)
        if isinstance(done, BadInput | Forbidden):
            return self._form(visit, text, reason, done.reason)
        return RedirectResponse(f"{VERSIONS}/{done.number}", 303)

    def _form(self, visit: Visit, text: str, reason: str, error: str = "") -> Response:
        words = [
            cells(heading, name_of(kind), "; ".join(f"{name}: {values}" for name, values in needs_of(kind).items()))
            for heading, kinds in (("condition", CONDITIONS), ("effect", EFFECTS))
            for kind in kinds
        ]
        return self._pages.draw(
            "govern/policy-propose.jinja",
            "Propose a change",
            422 if error else 200,
            visitor=visit.visitor,
            here=HERE,
            rules=text,
            reason=reason,
            vocabulary=Grid("What a rule can be written with", ("Kind", "Name", "Needs"), words),
            problems=[{"text": error, "href": "#rules"}] if error else [],
            errors=bool(error),
        )

    def _preview(
        self, visit: Visit, text: str, reason: str, before: tuple[SiteRule, ...], after: tuple[SiteRule, ...]
    ) -> Response:
        made = PolicyVersion(0, "[]", reason, "", 0.0)
        wanted = draft(after, number=0, reason=reason, author="", now=0.0, basis=made)
        findings = check(wanted).findings if isinstance(wanted, PolicyVersion) else ()
        return self._pages.draw(
            "govern/policy-preview.jinja",
            "What would change",
            visitor=visit.visitor,
            here=HERE,
            rules=text,
            reason=reason,
            once=self._services.console.once.mark(visit.visitor),
            changes=change_grid(rule_changes(before, after)),
            findings=finding_words(findings),
        )


def change_grid(changes: list[RuleChange]) -> Grid:
    rows = [cells(each.rule, each.change.value.capitalize(), _said(each.before), _said(each.after)) for each in changes]
    return Grid("What differs", ("Rule", "Change", "Before", "After"), rows)


def finding_words(findings: tuple[LintFinding, ...]) -> list[str]:
    return [
        f"{'Must be mended' if each.stops else 'Look at this'}: {each.rule + ': ' if each.rule else ''}{each.found} {each.to_do}"
        for each in findings
    ]


def state_cell(version: PolicyVersion) -> Cell:
    words = {PolicyState.ACTIVE: "In force"}.get(version.state, version.state.value.capitalize())
    return Cell(words, colour=_STATES[version.state])


def _said(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "–"


def _row(rule: Rule, mark: str, hits: Mapping[str, int], more: str) -> list[Cell]:
    name = f"{rule.id} (ours)" if mark else rule.id
    count = hits.get(rule.id, 0)
    return cells(name, _said(rule.sentence()), f"{rule.why} ({rule.source})", f"{count:,}{more if count else ''}")


def _version(version: PolicyVersion) -> list[Cell]:
    approved = ", ".join(each.by for each in version.approvals) or "nobody yet"
    link = Cell(str(version.number), f"{VERSIONS}/{version.number}")
    return cells(link, state_cell(version), version.author, approved, moment(version.activated_at), version.reason)
