"""One integration: what it does, what is written about it, by which rules it sends, what it receives and is told."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from wardmail.manage.documents import written_rows
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.person import Permission
from wardmail.model.reading import Record, Wanted
from wardmail.model.register import RegisterSnapshot
from wardmail.web.pages.govern.history import told_history
from wardmail.web.pages.govern.integration_frame import HERE, Shown, draw, find, gone
from wardmail.web.pages.govern.outcomes import settled
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import Question, asked_again, reason_of, reason_problems
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.words import event_types, moment, summary, tag

_SHOWN = 10
_STEPS = {
    IntegrationState.DRAFT: ("trial", "retire"),
    IntegrationState.TRIAL: ("suspend", "retire"),
    IntegrationState.LIVE: ("suspend", "retire"),
    IntegrationState.SUSPENDED: ("resume", "retire"),
}
_WORDS = {
    "trial": ("Begin its trial", "It may send by a sandbox route, and by a real one to its team recipients only."),
    "suspend": ("Suspend it", "It cannot log in within a second. Mail that it handed in already is held, not lost."),
    "resume": ("Take it into use again", "It goes on from where it was. What was held meanwhile waits for a release."),
    "retire": ("Retire it for good", "It never sends again, and there is no way back. Its record and its audit stay."),
}
_GRAVE = frozenset({"suspend", "retire"})


class IntegrationPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def activity(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        return gone(self._services, visit) if shown is None else await self._activity(visit, shown)

    async def step(self, visit: Visit) -> Response:
        """Begins its trial, suspends, resumes or retires it; what stops mail is asked twice."""
        shown = await find(self._services, visit)
        if shown is None:
            return gone(self._services, visit)
        step, reason = visit.form.get("step", ""), reason_of(visit)
        problems = reason_problems(reason)
        if step not in _WORDS:
            problems.insert(0, {"text": "Choose what happens to it", "href": "#step"})
        if problems:
            return await self._activity(visit, shown, problems, {"step": step, "reason": reason})
        name = shown.integration.id
        back = f"{HERE}/{name}"
        if step in _GRAVE and visit.form.get("confirmed") != "yes":
            title, words = _WORDS[step]
            question = Question(
                f"{title}: {shown.integration.name}?",
                (words, f"Your reason: {reason}"),
                back,
                f"Yes, {title[0].lower()}{title[1:]}",
                back,
                {"step": step, "reason": reason},
            )
            return asked_again(self._pages, visit, HERE, question)
        done = await asyncio.to_thread(self._services.integrations.take, visit.visitor.person, name, step, reason)
        return settled(self._pages, visit, HERE, done, back)

    async def rules(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        if shown is None:
            return gone(self._services, visit)
        return draw(
            self._services, visit, shown, ("integration-rows", "/rules"), rows=_rules(shown.integration, shown.snapshot)
        )

    async def receiving(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        if shown is None:
            return gone(self._services, visit)
        name = shown.integration.id
        sources = [each for each in shown.snapshot.sources.values() if each.integration == name]
        rows = [
            cells(Cell(each.name, f"/sources/{each.name}"), each.kind.value, "Paused" if each.paused else "In use")
            for each in sources
        ]
        handover = shown.snapshot.handovers.get(name)
        return draw(
            self._services,
            visit,
            shown,
            ("integration-rows", "/receiving"),
            rows=summary(
                ("Handed over by", handover.kind.value if handover else "nothing: it receives no mail"),
                ("To", (handover.url or handover.host or handover.directory) if handover else ""),
                ("Kept in quarantine for", f"{handover.quarantine_days} days" if handover else ""),
            ),
            grid=Grid("Ways in which its mail comes in", ("Source", "Kind", "State"), rows) if rows else None,
        )

    async def webhooks(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        if shown is None:
            return gone(self._services, visit)
        name = shown.integration.id
        found = await asyncio.to_thread(self._services.webhooks.of_integration, name)
        rows, deliveries = [], []
        for each in found:
            rows.append(cells(each["id"], each["url"], event_types(each), each["stopped"] or "In use"))
            told = await asyncio.to_thread(
                self._services.webhooks.deliveries, name, str(each["id"]), failed=False, limit=_SHOWN
            )
            deliveries += [
                cells(
                    one["type"],
                    each["id"],
                    moment(one["created_at"]),
                    one["attempts"],
                    one["outcome"] or "Not tried yet",
                )
                for one in (told.records if told else ())
            ]
        log = Grid(
            f"What was told: the newest {_SHOWN} of each",
            ("Event", "Webhook", "When", "Attempts", "Answer"),
            deliveries,
        )
        return draw(
            self._services,
            visit,
            shown,
            ("integration-rows", "/webhooks"),
            none="It is told of nothing by webhook." if not rows else "",
            grid=Grid("Webhooks", ("Webhook", "Address", "Events", "State"), rows) if rows else None,
            log=log if deliveries else None,
        )

    async def _activity(
        self,
        visit: Visit,
        shown: Shown,
        problems: list[dict[str, str]] | None = None,
        asked: dict[str, str] | None = None,
    ) -> Response:
        services, name = self._services, shown.integration.id
        page = await asyncio.to_thread(services.console.messages.search, Wanted(name, limit=_SHOWN))
        events = await asyncio.to_thread(services.history, name)
        person = visit.visitor.person
        may = {
            "trial": person.may(Permission.DRAFT_INTEGRATIONS),
            **dict.fromkeys(("suspend", "resume", "retire"), person.may(Permission.RUN_INTEGRATIONS)),
        }
        steps = [each for each in _STEPS.get(shown.integration.state, ()) if may[each]]
        return draw(
            services,
            visit,
            shown,
            ("integration-activity", ""),
            422 if problems else 200,
            rows=[dict(written_rows(shown.integration)).get("Purpose", "")],
            messages=[_message(each) for each in page.records],
            events=told_history(events),
            steps=[{"value": each, "text": _WORDS[each][0], "hint": {"text": _WORDS[each][1]}} for each in steps],
            asked=asked or {},
            problems=problems or [],
            errors=bool(problems),
        )


def _message(record: Record) -> dict[str, object]:
    return {
        "id": record["id"],
        "to": record["to"],
        "tag": tag(record["status"]),
        "time": moment(record["received_at"]),
    }


def _rules(integration: Integration, snapshot: RegisterSnapshot) -> object:
    limits, route = integration.limits, snapshot.routes.get(integration.route)
    bulk = integration.traffic.bulk_route
    return summary(
        ("Sends as", ", ".join(integration.senders)),
        ("May log in from", ", ".join(integration.networks) or "any network"),
        (
            "Route",
            f"{integration.route} ({route.kind.value})" if route else f"{integration.route}, which does not exist",
        ),
        ("Mass mail", f"by route {bulk}" if bulk else "is refused"),
        ("Classification when a message says none", integration.default_sensitivity.label),
        ("NHS numbers", "are looked for" if integration.detect_nhs_numbers else "are not looked for"),
        ("Messages a minute", _ceiling(limits.messages_per_minute)),
        ("Messages a day", _ceiling(limits.messages_per_day)),
        ("Recipients a day", _ceiling(limits.recipients_per_day)),
        ("Recipients of one message", _ceiling(limits.recipients_per_message)),
        (
            "Content is kept for",
            f"{integration.retention_days} days" if integration.retention_days else "the usual term",
        ),
        ("Whom its trial may write to", ", ".join(integration.registration.team_recipients)),
    )


def _ceiling(number: int | None) -> str:
    return f"{number:,} at most" if number else "no ceiling"
