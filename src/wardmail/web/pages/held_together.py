"""Several held copies decided at once: chosen by name, counted, asked about, and each decided by the rules that hold for one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.responses import Response

from wardmail.model.reading import Record
from wardmail.outbound.deciding import let_go
from wardmail.outbound.release import NotReleased, Proposed
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import SAY_WHY, Question, asked_again, reason_of, reason_problems, told
from wardmail.web.pages.services import ConsoleServices

PICK = "pick-"
MOST_PICKED = 200
_HERE = "/held"
_PICKED = re.compile(rf"{PICK}([0-9A-Z]{{18}})-([0-9]{{1,6}})").fullmatch
_DECISIONS = {"release": "Send", "cancel": "Never send"}


class HeldTogether:
    """`list_again` shows the list with what was chosen on it, and the words for what is wrong."""

    def __init__(self, services: ConsoleServices, list_again: Callable[[Visit, str], Awaitable[Response]]) -> None:
        self._services = services
        self._list_again = list_again

    async def decide(self, visit: Visit) -> Response:
        pages, decision, reason = self._services.pages, visit.form.get("decision", ""), reason_of(visit)
        picked = picked_of(visit.form)
        count = sum(len(copies) for copies in picked.values())
        wrong = _wrong(decision, count, reason)
        if wrong:
            return await self._list_again(visit, f"Nothing was done. {wrong}")
        if visit.form.get("confirmed") != str(count):
            return asked_again(pages, visit, _HERE, _question(decision, reason, picked, count))
        outcomes = [await self._one(visit, each, copies, decision, reason) for each, copies in picked.items()]
        return told(pages, visit, _HERE, 200, "What became of them", *sorted(set(outcomes)), back=_HERE)

    async def _one(self, visit: Visit, message_id: str, copies: Sequence[int], decision: str, reason: str) -> str:
        services, actor = self._services, visit.visitor.person
        found = await asyncio.to_thread(services.held.of_message, message_id)
        held = tuple(n for n in copies if n in {_number(each) for each in found})
        if not held:
            return f"{message_id}: it was decided already."
        if decision == "cancel":
            done = await asyncio.to_thread(services.held.cancel, message_id, held, actor.id, reason)
            return f"{message_id}: {done} not sent."
        outcome = await let_go(services.world, services.holds, message_id, actor=actor.id, reason=reason, only=held)
        if isinstance(outcome, NotReleased):
            return f"{message_id}: not released. {outcome.reason}"
        if isinstance(outcome, Proposed):
            return f"{message_id}: another person must agree."
        return f"{message_id}: released."


def _wrong(decision: str, count: int, reason: str) -> str:
    if not count:
        return "Choose at least one copy."
    if decision not in _DECISIONS:
        return "Choose whether they are sent."
    return f"{SAY_WHY}." if reason_problems(reason) else ""


def picked_of(form: Mapping[str, str]) -> dict[str, list[int]]:
    """For each message the copies that were chosen."""
    picked: dict[str, list[int]] = {}
    for match in filter(None, map(_PICKED, form)):
        picked.setdefault(match[1], []).append(int(match[2]))
    return picked


def _question(decision: str, reason: str, picked: Mapping[str, Sequence[int]], count: int) -> Question:
    words = f"{_DECISIONS[decision]} {count} cop{'y' if count == 1 else 'ies'}"
    fields = {f"{PICK}{each}-{n}": "yes" for each, copies in picked.items() for n in copies}
    cannot = "Once they are sent they cannot be called back." if decision == "release" else "They cannot be sent later."
    return Question(
        f"{words}?",
        (f"Of {len(picked)} message{'s' if len(picked) > 1 else ''}. {cannot}", f"Your reason: {reason}"),
        _HERE,
        f"Yes, {words[0].lower()}{words[1:]}",
        _HERE,
        {"decision": decision, "reason": reason, **fields},
        confirmed=str(count),
    )


def _number(record: Record) -> int:
    return int(str(record["recipient_no"]))
