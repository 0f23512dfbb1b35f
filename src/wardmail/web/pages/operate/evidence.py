"""Evidence: who did what, whether the record of it is whole, packs for assessors, and how old the lists are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from starlette.responses import Response

from wardmail.manage.evidence_packs import PackKind
from wardmail.manage.history_words import sentence
from wardmail.model.evidence import Period
from wardmail.model.person import Permission
from wardmail.model.reading import Record
from wardmail.web.pages.forms import query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import reason_of, reason_problems, told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.rendering import GUARDS
from wardmail.web.pages.words import moment, summary

HERE = "/evidence"
_PAGE = 50
_DAY = 86_400.0
_HEADINGS = ("Number", "When", "What", "About")
_LONGEST = 400


class EvidencePages:
    def __init__(self, services: OperateServices) -> None:
        self._services = services
        self._pages = services.console.pages
        # The whole audit is read: one person at a time, in each process.
        self._long_work = asyncio.Semaphore(1)

    async def show(self, visit: Visit) -> Response:
        return await self._draw(visit, {})

    async def verify(self, visit: Visit) -> Response:
        if self._long_work.locked():
            return self._busy(visit)
        async with self._long_work:
            state = await asyncio.to_thread(self._services.audit.chain)
        if state["ok"]:
            words = f"{state['events']} events, each as it was written. Keep this head where nobody here can write:"
            return self._told(visit, 200, "The audit is whole", words, str(state["head"]))
        words = "Keep the database as it is, and tell the people responsible for security."
        return self._told(visit, 200, "The audit is broken", str(state["why"]), words)

    async def take(self, visit: Visit) -> Response:
        """A pack as a ZIP archive: HTML, JSON, and a signed list of both."""
        asked = {name: visit.form.get(name, "")[:40] for name in ("kind", "since", "until", "message")}
        reason, now = reason_of(visit), self._services.console.clock.now()
        period, problems = _period(asked, now), reason_problems(reason)
        if period is None:
            problems.insert(0, {"text": "Give days as 2026-01-31, the first before the last", "href": "#since"})
        if asked["kind"] not in set(PackKind):
            problems.insert(0, {"text": "Choose what the pack is for", "href": "#kind"})
        message = asked["message"].strip().upper()
        if message and not await asyncio.to_thread(self._services.audit.knows, message):
            problems.append({"text": "No message has that ID", "href": "#message"})
        if problems or period is None:
            return await self._draw(visit, asked | {"reason": reason}, problems)
        if self._long_work.locked():
            return self._busy(visit)
        async with self._long_work:
            pack, person = self._services.audit.pack, visit.visitor.person
            name, archive = await asyncio.to_thread(pack, person, asked["kind"], period, message, reason)
        headers = {**GUARDS, "Content-Disposition": f'attachment; filename="{name}.zip"'}
        return Response(archive, media_type="application/zip", headers=headers)

    async def _draw(
        self, visit: Visit, asked: Mapping[str, str], problems: list[dict[str, str]] | None = None
    ) -> Response:
        before = query_of(visit.request, "before", 19)
        until = int(before) if before.isascii() and before.isdigit() and int(before) < 2**63 else None
        may_take = visit.visitor.person.may(Permission.TAKE_EVIDENCE)
        events = await asyncio.to_thread(self._services.audit.newest, until, _PAGE) if may_take else ()
        return self._pages.draw(
            "operate/evidence.jinja",
            "Evidence",
            422 if problems else 200,
            visitor=visit.visitor,
            here=HERE,
            lists=summary(*self._services.lists()),
            grid=Grid("Audit", _HEADINGS, [_row(each) for each in events]),
            older=events[-1]["seq"] if len(events) == _PAGE else "",
            is_later_page=until is not None,
            may_take=may_take,
            kinds=[(kind.value, _KINDS[kind]) for kind in PackKind],
            asked=asked,
            problems=problems,
            errors=bool(problems),
        )

    def _busy(self, visit: Visit) -> Response:
        return self._told(visit, 503, "Not now", "Somebody else takes evidence at this moment. Try again in a minute.")

    def _told(self, visit: Visit, status: int, title: str, *sentences: str) -> Response:
        return told(self._pages, visit, HERE, status, title, *sentences, back=HERE)


_KINDS = {
    PackKind.DCB1596: "DCB1596: the secure email standard",
    PackKind.DSPT: "DSPT: data security and protection toolkit",
    PackKind.INCIDENT: "An incident",
}


def _row(record: Record) -> list[Cell]:
    detail, kind, actor = record["detail"], str(record["kind"]), str(record["actor"])
    assert isinstance(detail, dict)
    what = sentence(kind, actor, detail)
    reason = str(detail.get("reason", ""))
    if reason and reason not in what:
        what = f"{what}: {reason}"
    return cells(record["seq"], moment(record["at"]), what[:_LONGEST], record["subject"])


def _period(asked: Mapping[str, str], now: float) -> Period | None:
    """A year until now where no day is given; None for what is no day, or ends before it begins."""
    try:
        since = _start(asked["since"]) if asked["since"] else now - 365 * _DAY
        until = _start(asked["until"]) + _DAY if asked["until"] else now + 1
    except ValueError:
        return None
    return Period(since, until) if until > since else None


def _start(day: str) -> float:
    return datetime.combine(date.fromisoformat(day.strip()), time(), UTC).timestamp()
