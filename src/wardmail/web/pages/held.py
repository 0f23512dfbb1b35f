"""Held messages: the list, and the page on which a person decides, asked twice and by two where a rule says so (SHARE-9)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from wardmail.model.person import Permission, Person
from wardmail.model.reading import Record
from wardmail.outbound.deciding import let_go
from wardmail.outbound.holding import may_decide
from wardmail.outbound.release import NotReleased, Proposed
from wardmail.web.pages.forms import message_id_of, query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.held_together import PICK
from wardmail.web.pages.operate.asking import Question, asked_again, reason_of, reason_problems, told
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.words import moment, summary

_MOST_LISTED = 200
_MOST_LOOKED_AT = 10_000
"""For one's own, which may stand behind many of others."""
_HERE = "/held"
_ENDINGS = {"return": "It goes back to its sender unsent.", "keep": "It stays held, and the alerts go on."}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody filled in. `copies` are the recipients that the page showed them."""

    decision: str
    reason: str
    copies: tuple[int, ...]

    @property
    def problems(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        if self.decision not in {"release", "cancel"}:
            found.append({"text": "Choose what to do with the message", "href": "#decision"})
        return [*found, *reason_problems(self.reason)]


class HeldPages:
    def __init__(self, services: ConsoleServices) -> None:
        self._services = services

    async def list(self, visit: Visit) -> Response:
        return await self.list_again(visit)

    async def list_again(self, visit: Visit, wrong: str = "") -> Response:
        """With what was chosen and written, and what is wrong with it, when that was sent."""
        person = visit.visitor.person
        only_mine = query_of(visit.request, "whose") == "mine"
        most = _MOST_LOOKED_AT if only_mine else _MOST_LISTED
        found = await asyncio.to_thread(self._services.held.waiting, most)
        mine = {person.id, *(f"role:{role.value}" for role in person.roles)}
        rows = [_row(each) for each in found if not only_mine or each["owner"] in mine]
        return self._services.pages.draw(
            "held.jinja",
            "Held messages",
            422 if wrong else 200,
            visitor=visit.visitor,
            here=_HERE,
            only_mine=only_mine,
            rows=rows[:_MOST_LISTED],
            is_cut=len(rows) > _MOST_LISTED or len(found) == most,
            may_decide=person.may(Permission.RELEASE_HOLDS),
            chosen=set(visit.form),
            reason=visit.form.get("reason", ""),
            problems=[{"text": wrong, "href": "#reason"}] if wrong else [],
            errors=bool(wrong),
        )

    async def show(self, visit: Visit) -> Response:
        copies = await self._copies(visit)
        return self._draw(visit, copies, _Asked("", "", ())) if copies else self._gone(visit)

    async def decide(self, visit: Visit) -> Response:
        copies = await self._copies(visit)
        if not copies:
            return self._gone(visit)
        numbers = tuple(int(n) for n in visit.form.get("copies", "").split(",") if n.isascii() and n.isdigit())
        asked = _Asked(visit.form.get("decision", ""), reason_of(visit), numbers)
        if not _may(visit.visitor.person, copies, asked.decision):
            return self._told(visit, 403, "Your role does not allow this", "Nothing was changed.")
        if asked.problems:
            return self._draw(visit, copies, asked, 422)
        if asked.copies != _numbers(copies):
            return self._told(visit, 409, "It has changed since you looked", "Nothing was done. Look at it again.")
        if visit.form.get("confirmed") != "yes":
            return asked_again(self._services.pages, visit, _HERE, _question(_id(visit), copies, asked))
        return await (self._release if asked.decision == "release" else self._cancel)(visit, asked)

    async def _release(self, visit: Visit, asked: _Asked) -> Response:
        services, actor = self._services, visit.visitor.person.id
        outcome = await let_go(
            services.world, services.holds, _id(visit), actor=actor, reason=asked.reason, only=asked.copies
        )
        if isinstance(outcome, NotReleased):
            return self._told(visit, 409, "It was not released", outcome.reason)
        if isinstance(outcome, Proposed):
            return self._told(
                visit,
                200,
                "Another person must agree",
                "You are the first of two. It stays held until somebody else who may decide releases it too.",
            )
        return self._told(visit, 200, "The message is released", "It is sent now, with the protection that it needs.")

    async def _cancel(self, visit: Visit, asked: _Asked) -> Response:
        actor = visit.visitor.person.id
        cancel = self._services.held.cancel
        changed = await asyncio.to_thread(cancel, _id(visit), asked.copies, actor, asked.reason)
        if not changed:
            return self._told(visit, 409, "It was not held any more", "Somebody else decided a moment before.")
        return self._told(visit, 200, "The message is not sent", "Its content is kept until its term ends.")

    async def _copies(self, visit: Visit) -> Sequence[Record]:
        return await asyncio.to_thread(self._services.held.of_message, _id(visit))

    def _draw(
        self,
        visit: Visit,
        copies: Sequence[Record],
        asked: _Asked,
        status: int = 200,
    ) -> Response:
        person, first = visit.visitor.person, copies[0]
        problems = asked.problems if status == 422 else []
        return self._services.pages.draw(
            "held-decision.jinja",
            "Decide about a held message",
            status,
            visitor=visit.visitor,
            here=_HERE,
            id=_id(visit),
            rows=_summary(first, copies),
            copies=",".join(str(n) for n in _numbers(copies)),
            urgent=any(each["time_critical"] for each in copies),
            proposed_by=first["proposed_by"],
            may_release=_may(person, copies, "release"),
            may_cancel=_may(person, copies, "cancel"),
            asked=asked,
            problems=problems,
            errors=bool(problems),
        )

    def _gone(self, visit: Visit) -> Response:
        return self._told(visit, 404, "No such message is held", "It was decided already, or it never was.")

    def _told(self, visit: Visit, status: int, title: str, *sentences: str) -> Response:
        return told(self._services.pages, visit, _HERE, status, title, *sentences, back=_HERE, message=_id(visit))


def _may(person: Person, copies: Sequence[Record], decision: str) -> bool:
    """As `wardmail hold` has it: a clinician lets go what is all time-critical, and stops nothing."""
    return may_decide(person, decision != "cancel" and all(each["time_critical"] for each in copies))


def _id(visit: Visit) -> str:
    return message_id_of(visit.request)


def _numbers(copies: Sequence[Record]) -> tuple[int, ...]:
    return tuple(int(str(each["recipient_no"])) for each in copies)


def _question(message_id: str, copies: Sequence[Record], asked: _Asked) -> Question:
    is_release, to = asked.decision == "release", ", ".join(str(each["to"]) for each in copies)
    cannot = "Once it is sent it cannot be called back." if is_release else "It cannot be sent later from here."
    return Question(
        "Send this message?" if is_release else "Never send this message?",
        (f"It was held for a reason. {cannot}", f"It is for {to}.", f"Your reason: {asked.reason}"),
        f"{_HERE}/{message_id}",
        "Yes, send it" if is_release else "Yes, do not send it",
        f"{_HERE}/{message_id}",
        {
            "copies": ",".join(str(n) for n in asked.copies),
            "decision": asked.decision,
            "reason": asked.reason,
        },
    )


def _summary(first: Record, copies: Sequence[Record]) -> object:
    return summary(
        ("Why it is held", first["why_held"]),
        ("To", ", ".join(str(each["to"]) for each in copies)),
        ("From", first["from"]),
        ("Integration", first["integration"]),
        ("Classification", first["classification"]),
        ("Waiting since", moment(first["received_at"])),
        ("Who decides", _owner(first)),
        ("By", moment(first["deadline"])),
        ("If nobody decides", _ENDINGS.get(str(first["then"]), "")),
    )


def _owner(record: Record) -> str:
    return str(record["owner"] or "Nobody has been asked yet").removeprefix("role:")


def _row(record: Record) -> Mapping[str, object]:
    return {
        "id": record["id"],
        "pick": f"{PICK}{record['id']}-{record['recipient_no']}",
        "since": moment(record["received_at"]),
        "integration": record["integration"],
        "to": record["to"],
        "why": record["why_held"],
        "by": moment(record["deadline"]),
        "owner": _owner(record),
        "urgent": record["time_critical"],
        "proposed_by": record["proposed_by"],
    }
