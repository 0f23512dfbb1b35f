"""Quarantine: what is kept back and why, and the decision of two people about it (RECV-3)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.responses import Response

from wardmail.inbound.quarantine import NotReleased, Proposed
from wardmail.model.person import Permission
from wardmail.model.reading import Record
from wardmail.web.pages.forms import message_id_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import Question, asked_again, reason_of, reason_problems, told
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.words import moment, summary

HERE = "/quarantine"
_MOST_LISTED = 200
_HEADINGS = ("Came", "From", "For", "Why it is kept back", "Ends", "Release proposed by")
_DECISIONS = ("release", "delete")


class QuarantinePages:
    def __init__(self, services: OperateServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show_all(self, visit: Visit) -> Response:
        found = await asyncio.to_thread(self._services.kept_back.waiting, _MOST_LISTED)
        grid = Grid("Messages in quarantine", _HEADINGS, [_row(each) for each in found])
        return self._pages.draw(
            "operate/quarantine.jinja",
            "Quarantine",
            visitor=visit.visitor,
            here=HERE,
            grid=grid,
            is_cut=len(found) == _MOST_LISTED,
        )

    async def show(self, visit: Visit) -> Response:
        record = await self._one(visit)
        return self._gone(visit) if record is None else self._draw(visit, record, {})

    async def decide(self, visit: Visit) -> Response:
        record = await self._one(visit)
        if record is None:
            return self._gone(visit)
        decision, reason = visit.form.get("decision", ""), reason_of(visit)
        asked = {"decision": decision, "reason": reason}
        problems = reason_problems(reason)
        if decision not in _DECISIONS:
            problems.insert(0, {"text": "Choose what to do with the message", "href": "#decision"})
        if problems:
            return self._draw(visit, record, asked, problems)
        if visit.form.get("confirmed") != "yes":
            return asked_again(self._pages, visit, HERE, _question(str(record["id"]), asked))
        return await (self._release if decision == "release" else self._delete)(visit, str(record["id"]), reason)

    async def _release(self, visit: Visit, arrival_id: str, reason: str) -> Response:
        outcome = await self._services.quarantine.release(arrival_id, visit.visitor.person.id, reason)
        if isinstance(outcome, NotReleased):
            return self._told(visit, 409, "It was not released", outcome.reason)
        if isinstance(outcome, Proposed):
            words = "You are the first of two. It stays in quarantine until somebody else releases it too."
            return self._told(visit, 200, "Another person must agree", words)
        return self._told(visit, 200, "The message is released", "It was scanned again, and is handed over now.")

    async def _delete(self, visit: Visit, arrival_id: str, reason: str) -> Response:
        if not await self._services.quarantine.delete(arrival_id, visit.visitor.person.id, reason):
            return self._told(visit, 409, "It was not in quarantine any more", "Somebody else decided before you.")
        return self._told(visit, 200, "Nobody gets the message", "Its content is kept until its term ends.")

    async def _one(self, visit: Visit) -> Record | None:
        arrival_id = message_id_of(visit.request)
        sentences = visit.visitor.person.may(Permission.READ_CONTENT)
        return await self._services.kept_back.one(arrival_id, sentences=sentences) if arrival_id else None

    def _draw(
        self, visit: Visit, record: Record, asked: Mapping[str, str], problems: list[dict[str, str]] | None = None
    ) -> Response:
        return self._pages.draw(
            "operate/quarantine-one.jinja",
            "A message in quarantine",
            422 if problems else 200,
            visitor=visit.visitor,
            here=HERE,
            id=record["id"],
            rows=_summary(record),
            why=record["reasons"],
            history=record["history"],
            proposed_by=record["proposed_by"],
            may_decide=visit.visitor.person.may(Permission.RELEASE_HOLDS),
            asked=asked,
            problems=problems,
            errors=bool(problems),
        )

    def _gone(self, visit: Visit) -> Response:
        return self._told(visit, 404, "No such message is in quarantine", "It was decided already, or it never was.")

    def _told(self, visit: Visit, status: int, title: str, *sentences: str) -> Response:
        return told(self._pages, visit, HERE, status, title, *sentences, back=HERE)


def _row(record: Record) -> list[Cell]:
    link = Cell(str(record["from"] or "nobody"), f"{HERE}/{record['id']}")
    came, ends = moment(record["received_at"]), moment(record["ends_at"])
    return cells(came, link, record["integration"], record["why"], ends, record["proposed_by"] or "Nobody yet")


def _summary(record: Record) -> object:
    return summary(
        ("Came", moment(record["received_at"])),
        ("By", record["source"]),
        ("For", record["integration"]),
        ("Envelope sender", record["from"]),
        ("To", record["to"]),
        ("Size", f"{record['size']:,} bytes"),
        ("What was found", record["why"]),
        ("Who sent it", record["proofs"]),
        ("Scanners", record["scans"]),
        ("Ends by itself", moment(record["ends_at"])),
    )


def _question(arrival_id: str, asked: Mapping[str, str]) -> Question:
    is_release = asked["decision"] == "release"
    return Question(
        "Release this message?" if is_release else "Give this message to nobody?",
        (
            "It was kept back because it may do harm. It is scanned once more before it goes; malware goes to nobody."
            if is_release
            else "The application never gets it, and its sender is not told.",
            f"Your reason: {asked['reason']}",
        ),
        f"{HERE}/{arrival_id}",
        "Yes, release it" if is_release else "Yes, give it to nobody",
        f"{HERE}/{arrival_id}",
        dict(asked),
    )
