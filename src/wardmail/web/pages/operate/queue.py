"""The queue: what waits to be sent, for how long and where to; and trying now, holding or stopping it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from wardmail.manage.queue_shape import BUCKETS, Shape, shape_of
from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.person import Permission
from wardmail.model.reading import Record, Wanted
from wardmail.web.pages.forms import message_id_of, query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import Question, asked_again, reason_of, reason_problems, told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.words import moment, tag

HERE = "/queue"
_MOST_LISTED = 100
_MOST_DOMAINS = 15
_STATES = ",".join(state.value for state in WAITING)
_HEADINGS = ("Waiting since", "To", "Integration", "Status", "Last word")
_DECISIONS: Mapping[str, tuple[str, str]] = {
    "retry": ("Try it now", "It is due now."),
    "hold": ("Hold it for a person", "It is held until somebody decides."),
    "cancel": ("Do not send it", "It is not sent. Its content is kept until its term ends."),
}


class QueuePages:
    def __init__(self, services: OperateServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show_all(self, visit: Visit) -> Response:
        domain = query_of(visit.request, "domain", 255).lower()
        wanted = Wanted("", status=_STATES, limit=_MOST_LISTED, domain=domain)
        found = await asyncio.to_thread(self._services.console.messages.search, wanted)
        ages = await asyncio.to_thread(self._services.waiting.ages, self._services.console.clock.now())
        return self._pages.draw(
            "operate/queue.jinja",
            "Queue",
            visitor=visit.visitor,
            here=HERE,
            domain=domain,
            shape=_shape_grid(shape_of(ages)),
            waiting=len(ages),
            grid=Grid("Copies that wait", _HEADINGS, [_row(each) for each in found.records]),
            is_cut=bool(found.following),
            may_operate=visit.visitor.person.may(Permission.OPERATE_QUEUE),
        )

    async def flush(self, visit: Visit) -> Response:
        """Everything that waits, or what waits for one domain, is tried now."""
        domain = visit.form.get("domain", "").strip().lower()[:255]
        to = f" to {domain}" if domain else ""
        if visit.form.get("confirmed") != "yes":
            wanted = Wanted("", status=_STATES, limit=1, domain=domain)
            found = await asyncio.to_thread(self._services.console.messages.search, wanted)
            if not found.records:
                return self._told(visit, 409, f"Nothing waits{to}", "There is nothing to try.")
            asked = Question(
                f"Try everything{to} now?",
                ("Receivers that are down or slow are asked again at once; what they refuse waits on.",),
                f"{HERE}/flush",
                "Yes, try it now",
                HERE,
                {"domain": domain},
            )
            return asked_again(self._pages, visit, HERE, asked)
        actor = visit.visitor.person.id
        copies = await asyncio.to_thread(self._services.waiting.hurry, None, domain, actor)
        return self._told(
            visit, 200, f"{copies} cop{'y is' if copies == 1 else 'ies are'} tried now", "Look again soon."
        )

    async def show(self, visit: Visit) -> Response:
        copies = await self._copies(visit)
        return self._draw(visit, copies, {}) if copies else self._gone(visit)

    async def decide(self, visit: Visit) -> Response:
        copies = await self._copies(visit)
        if not copies:
            return self._gone(visit)
        decision, reason = visit.form.get("decision", ""), reason_of(visit)
        problems = [] if decision == "retry" else reason_problems(reason)
        if decision not in _DECISIONS:
            problems.insert(0, {"text": "Choose what to do with the message", "href": "#decision"})
        if problems:
            return self._draw(visit, copies, {"decision": decision, "reason": reason}, problems)
        if decision == "cancel" and visit.form.get("confirmed") != "yes":
            return asked_again(self._pages, visit, HERE, _question(str(copies[0]["id"]), copies, reason))
        return await self._do(visit, str(copies[0]["id"]), decision, reason)

    async def _do(self, visit: Visit, message_id: str, decision: str, reason: str) -> Response:
        waiting, actor = self._services.waiting, visit.visitor.person.id
        if decision == "retry":
            copies = await asyncio.to_thread(waiting.hurry, [message_id], "", actor)
        else:
            to = RecipientState.HELD if decision == "hold" else RecipientState.CANCELLED
            changed = await asyncio.to_thread(
                lambda: waiting.change_state([message_id], to=to, actor=actor, reason=reason)
            )
            copies = len(changed)
        in_hand = await asyncio.to_thread(waiting.in_hand, [message_id])
        if not copies:
            words = "It is being sent at this moment." if in_hand else "It was sent, or somebody decided, before you."
            return self._told(visit, 409, "Nothing was changed", words)
        more = (f"{in_hand} more being sent at this moment, and left alone.",) if in_hand else ()
        return self._told(
            visit, 200, f"Done, for {copies} cop{'y' if copies == 1 else 'ies'}", _DECISIONS[decision][1], *more
        )

    async def _copies(self, visit: Visit) -> Sequence[Record]:
        message_id = message_id_of(visit.request)
        if not message_id:
            return ()
        wanted = Wanted("", message_id, status=_STATES, limit=500)
        return (await asyncio.to_thread(self._services.console.messages.search, wanted)).records

    def _draw(
        self,
        visit: Visit,
        copies: Sequence[Record],
        asked: Mapping[str, str],
        problems: list[dict[str, str]] | None = None,
    ) -> Response:
        return self._pages.draw(
            "operate/queue-one.jinja",
            "A message that waits",
            422 if problems else 200,
            visitor=visit.visitor,
            here=HERE,
            id=copies[0]["id"],
            grid=Grid("Copies that wait", _HEADINGS, [_row(each, "/messages") for each in copies]),
            decisions=[{"value": name, "text": words} for name, (words, _) in _DECISIONS.items()],
            may_operate=visit.visitor.person.may(Permission.OPERATE_QUEUE),
            asked=asked,
            problems=problems,
            errors=bool(problems),
        )

    def _gone(self, visit: Visit) -> Response:
        return self._told(visit, 404, "No such message waits", "It was sent or decided already, or it never was.")

    def _told(self, visit: Visit, status: int, title: str, *sentences: str) -> Response:
        return told(self._pages, visit, HERE, status, title, *sentences, back=HERE)


def _row(record: Record, where: str = HERE) -> list[Cell]:
    look = tag(record["status"])
    status = Cell(look["text"], colour=look["classes"].removeprefix("nhsuk-tag--"))
    link = Cell(str(record["to"]), f"{where}/{record['id']}")
    return cells(moment(record["received_at"]), link, record["integration"], status, record["last_reply"])


def _shape_grid(shape: Shape) -> Grid:
    headings = ("Domain", "All", *(f"under {limit} min" for limit in BUCKETS), "longer")
    rows = [cells("All domains", sum(shape.totals), *shape.totals)]
    for domain, counts in list(shape.domains.items())[:_MOST_DOMAINS]:
        rows.append(cells(Cell(domain, f"{HERE}?domain={domain}"), sum(counts), *counts))
    others = list(shape.domains.values())[_MOST_DOMAINS:]
    if others:
        sums = [sum(column) for column in zip(*others, strict=True)]
        rows.append(cells(f"{len(others):,} other domain{'' if len(others) == 1 else 's'}", sum(sums), *sums))
    return Grid("How long copies have waited, by domain", headings, rows)


def _question(message_id: str, copies: Sequence[Record], reason: str) -> Question:
    to = ", ".join(str(each["to"]) for each in copies)
    return Question(
        "Never send this message?",
        (f"It is for {to}.", "It cannot be sent later from here.", f"Your reason: {reason}"),
        f"{HERE}/{message_id}",
        "Yes, do not send it",
        f"{HERE}/{message_id}",
        {"decision": "cancel", "reason": reason},
    )
