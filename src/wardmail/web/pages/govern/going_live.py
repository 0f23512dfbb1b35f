"""The task list before an integration goes live, by desk; one person asks, another approves (RECV-7, RECV-8)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby

from starlette.responses import Response

from wardmail.manage.going_live import Task, tasks
from wardmail.manage.integration_desk import ASKING, Outcome
from wardmail.manage.integrations import BadInput
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.person import Permission, Person
from wardmail.model.registration import Ask, Matter
from wardmail.web.pages.govern.integration_frame import HERE, Shown, draw, find, gone
from wardmail.web.pages.govern.outcomes import settled
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import SAY_WHY, reason_of, reason_problems, told
from wardmail.web.pages.words import day, day_of, moment

_MATTERS = {
    Matter.GO_LIVE: "Going live",
    Matter.LOCATION: "A location outside the United Kingdom",
    Matter.ON_PREMISES: "An on-premises service",
    Matter.OVERRIDE: "Sending although its record is overdue",
}
_OBSERVED = {"credential": "/credentials", "test-message": "", "route": "/rules", "signing": "/rules"}
_HINTS = {
    "credential": "Issue one under Credentials.",
    "test-message": "Begin its trial under Activity, then send to one of its team recipients or by a sandbox route.",
    "route": "A mail operator records the accreditation: wardmail route accredit.",
    "signing": "A mail operator makes the keys under Domains, and lets them sign.",
}


class GoLivePages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        return gone(self._services, visit) if shown is None else await self._draw(visit, shown)

    async def act(self, visit: Visit) -> Response:
        """Ticks a task, takes that back, asks, or approves what another person asked for."""
        shown = await find(self._services, visit)
        if shown is None:
            return gone(self._services, visit)
        reason = reason_of(visit)
        if reason_problems(reason):
            return await self._draw(visit, shown, visit.form.get("task", "") or visit.form.get("matter", ""))
        done = await asyncio.to_thread(self._done, visit, shown.integration.id, reason)
        back = f"{HERE}/{shown.integration.id}/go-live"
        if isinstance(done, Integration) and done.state is not shown.integration.state:
            words = "It may send to everybody whom the policy lets it send to, from this second on."
            return told(self._pages, visit, HERE, 200, f"{done.name} is live", words, back=f"{HERE}/{done.id}")
        return settled(self._pages, visit, HERE, done, back)

    def _done(self, visit: Visit, name: str, reason: str) -> Outcome | None:
        desk, actor, form = self._services.integrations, visit.visitor.person, visit.form
        matter = _matter(form.get("matter", ""))
        match form.get("do"):
            case "tick":
                evidence = " ".join(form.get("evidence", "").split())[:500]
                return desk.tick(actor, name, form.get("task", ""), reason, evidence)
            case "untick":
                return desk.untick(actor, name, form.get("task", ""), reason)
            case "ask" if matter is not None:
                return desk.ask(actor, name, Ask(matter, actor.id, 0, reason, until=day_of(form.get("until", ""))))
            case "approve" if matter is not None:
                return desk.approve(actor, name, matter, reason)
            case _:
                return BadInput("Choose what to do.")

    async def _draw(self, visit: Visit, shown: Shown, unreasoned: str | None = None) -> Response:
        seen = await asyncio.to_thread(self._services.seen, shown.integration)
        found, person = tasks(shown.integration, seen), visit.visitor.person
        where = f"#reason-{unreasoned}" if unreasoned else "#maincontent"
        problems = [{"text": SAY_WHY, "href": where}]
        done = sum(each.done for each in found)
        return draw(
            self._services,
            visit,
            shown,
            ("integration-go-live", "/go-live"),
            200 if unreasoned is None else 422,
            done=done,
            total=len(found),
            groups=[
                (desk.value, [_task(each, shown, person) for each in group])
                for desk, group in groupby(found, key=lambda each: each.desk)
            ],
            asks=_asks(shown.integration, person),
            may_ask=_may_ask(shown.integration, person, is_ready=done == len(found)),
            in_trial=shown.integration.state is IntegrationState.TRIAL,
            problems=[] if unreasoned is None else problems,
            errors=unreasoned is not None,
            unreasoned=unreasoned or "",
        )


def _task(task: Task, shown: Shown, person: Person) -> dict[str, object]:
    base = f"{HERE}/{shown.integration.id}"
    tick = task.tick
    said = f"{tick.by}, {moment(tick.at)}: {tick.reason} {tick.evidence}".strip() if tick else ""
    is_vouched = task.permission is not None
    is_record = not is_vouched and task.id not in _OBSERVED
    where = f"{base}/record" if is_record else f"{base}{_OBSERVED.get(task.id, '/go-live')}"
    return {
        "id": task.id,
        "title": task.title,
        "done": task.done,
        "source": task.source,
        "hint": said or (_seen(task) if task.done else _HINTS.get(task.id, "")),
        "to": "" if is_vouched or task.id.endswith("sign-off") else where,
        "may_tick": is_vouched and not task.done and task.permission is not None and person.may(task.permission),
        "may_untick": is_vouched and task.done and person.may(Permission.DRAFT_INTEGRATIONS),
        "needs": task.permission.words if task.permission is not None else "",
    }


def _seen(task: Task) -> str:
    return f"{task.seen[:1].upper()}{task.seen[1:]}"


def _asks(integration: Integration, person: Person) -> Sequence[dict[str, object]]:
    """What waits for a second person."""
    return [
        {
            "matter": each.matter.value,
            "words": _MATTERS[each.matter],
            "by": each.by,
            "at": moment(each.at),
            "reason": each.reason,
            "until": day(each.until),
            "is_mine": each.by == person.id,
            "may_approve": each.by != person.id and person.may(Permission.GOVERN_INTEGRATIONS),
        }
        for each in integration.registration.asks
    ]


def _may_ask(integration: Integration, person: Person, *, is_ready: bool) -> list[dict[str, object]]:
    """What this person may ask for now: what makes sense of the record, and nothing that waits already."""
    record, state = integration.registration, integration.state
    sensible = {
        Matter.GO_LIVE: is_ready and state is IntegrationState.TRIAL,
        Matter.LOCATION: record.location not in {"", "GB"},
        Matter.ON_PREMISES: record.hosting is not None and record.hosting.value == "on-premises",
        Matter.OVERRIDE: state is IntegrationState.LIVE,
    }
    return [
        {"matter": matter.value, "words": words, "needs_day": matter is Matter.OVERRIDE}
        for matter, words in _MATTERS.items()
        if sensible[matter] and record.asked(matter) is None and person.may(ASKING[matter][2])
    ]


def _matter(text: str) -> Matter | None:
    return next((each for each in Matter if each.value == text), None)
