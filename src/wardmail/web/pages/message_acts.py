"""What people do with one message on its page: send it again, once, after a second question; and take its evidence."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from starlette.responses import RedirectResponse, Response

from wardmail.model.delivery import RecipientState
from wardmail.model.reading import Record
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.repetition import AnotherRequest, BeingAnswered, FirstTime, GivenBefore
from wardmail.model.resending import NotResent, Wish
from wardmail.outbound.resending import may_go_again
from wardmail.web.pages.forms import message_id_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.held_together import PICK
from wardmail.web.pages.message import MessagePage, Sent
from wardmail.web.pages.operate.asking import Question, asked_again, reason_of, reason_problems, told
from wardmail.web.pages.rendering import GUARDS
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.words import moment
from wardmail.web.settling import settled

_HERE = "/messages"
_PICKED = re.compile(rf"{PICK}([0-9]{{1,6}})").fullmatch
_NEW_ID = re.compile(r"[0-9A-Z]{18}").fullmatch


class MessageActs:
    def __init__(self, services: ConsoleServices, page: MessagePage) -> None:
        self._services = services
        self._page = page

    async def resend(self, visit: Visit) -> Response:
        copies = await self._page.copies(message_id_of(visit.request))
        if not copies:
            return self._page.gone(visit)
        sent = Sent("resend", reason_of(visit), _picked(visit))
        chosen = [each for each in copies if int(str(each["recipient_no"])) in sent.picked]
        problems = _renamed(reason_problems(sent.reason), "#reason-resend")
        if not chosen:
            problems.insert(0, {"text": "Choose who should get it again", "href": _first_choice(copies)})
        if problems:
            return await self._page.draw(visit, replace(sent, problems=problems), 422)
        if visit.form.get("confirmed") != "yes":
            events = await asyncio.to_thread(self._services.messages.history, "", message_id_of(visit.request))
            question = self._question(visit, chosen, sent, _sent_before(events))
            return asked_again(self._services.pages, visit, _HERE, question)
        new_id = visit.form.get("as", "")
        if not _NEW_ID(new_id) or not visit.visitor.proves(_to_prove(visit, new_id), visit.form.get("proof", "")):
            return self._told(visit, 403, "That was not asked on this page", "Nothing was sent. Begin again there.")
        recipients = tuple(str(each["to"]) for each in chosen)
        wish = Wish(message_id_of(visit.request), new_id, visit.visitor.person.id, sent.reason, recipients)
        return await self._once(visit, wish)

    async def take_evidence(self, visit: Visit) -> Response:
        """As a ZIP archive: a page to read, the same for programs, and a signed list of both."""
        message_id, reason = message_id_of(visit.request), reason_of(visit)
        problems = _renamed(reason_problems(reason), "#reason-evidence")
        if problems:
            return await self._page.draw(visit, Sent("evidence", reason, problems=problems), 422)
        person = visit.visitor.person
        taken = await asyncio.to_thread(self._services.evidence, person, message_id, reason) if message_id else None
        if taken is None:
            return self._page.gone(visit)
        name, archive = taken
        headers = {**GUARDS, "Content-Disposition": f'attachment; filename="{name}.zip"'}
        return Response(archive, media_type="application/zip", headers=headers)

    async def _once(self, visit: Visit, wish: Wish) -> Response:
        """The question had an ID for the new message in it: however often it is answered, there is one."""
        replies, scope, key = self._services.replies, f"people: {wish.by}", f"page {wish.new_id}"
        asked = hashlib.sha256(repr((wish.first, wish.recipients)).encode()).hexdigest()
        known = await asyncio.to_thread(replies.begin, scope, key, asked, wish.new_id)
        match known:
            case GivenBefore():
                return _shown(wish.new_id)
            case BeingAnswered() | AnotherRequest():
                words = "It was asked for twice, and is sent once. Look at the first message in a minute."
                return self._told(visit, 409, "It is being sent", words)
            case FirstTime(is_retry=True) if await self._page.copies(wish.new_id):
                return _shown(wish.new_id)
        done = await settled(replies, scope, key, self._services.resend.send(wish), _kept)
        if isinstance(done, Accepted):
            return _shown(done.message_id)
        return self._told(visit, 409, "It was not sent again", _why(done), "Nothing was sent.")

    def _question(self, visit: Visit, chosen: Sequence[Record], sent: Sent, before: str) -> Question:
        message_id, new_id = message_id_of(visit.request), self._services.resend.new_id()
        to = ", ".join(str(each["to"]) for each in chosen)
        has_arrived = any(each["status"] in ("delivered", "relayed") for each in chosen)
        twice = "It has arrived there once, or was handed on: whoever gets it may get it twice. " if has_arrived else ""
        return Question(
            "Send this message again?",
            (
                *filter(None, [before]),
                f"{twice}The policy of today decides about it. Once it is sent it cannot be called back.",
                f"It is for {to}.",
                f"Your reason: {sent.reason}",
            ),
            f"{_HERE}/{message_id}/resend",
            "Yes, send it again",
            f"{_HERE}/{message_id}",
            {
                "reason": sent.reason,
                "as": new_id,
                "proof": visit.visitor.proof_of(_to_prove(visit, new_id)),
                **{f"{PICK}{each['recipient_no']}": "yes" for each in chosen},
            },
        )

    def _told(self, visit: Visit, status: int, title: str, *sentences: str) -> Response:
        message_id = message_id_of(visit.request)
        back = f"{_HERE}/{message_id}"
        return told(self._services.pages, visit, _HERE, status, title, *sentences, back=back)


def _sent_before(events: Sequence[Record]) -> str:
    """What somebody who pressed "Back", or does not know of a colleague's, has to hear before they do it once more."""
    made = [
        each
        for each in events
        if each["type"] == "MessageSentAgain" and "again" in cast("Mapping[str, Any]", each["detail"])
    ]
    if not made:
        return ""
    last = made[-1]
    as_id = cast("Mapping[str, Any]", last["detail"])["again"]
    times = "once" if len(made) == 1 else f"{len(made)} times"
    return f"It was sent again {times} already, the last time by {last['actor']} at {moment(last['at'])}, as {as_id}."


def _first_choice(copies: Sequence[Record]) -> str:
    able = (each for each in copies if may_go_again(RecipientState(str(each["status"]))))
    return next((f"#{PICK}{each['recipient_no']}" for each in able), "#resend")


def _picked(visit: Visit) -> frozenset[int]:
    return frozenset(int(found[1]) for name in visit.form if (found := _PICKED(name)) is not None)


def _renamed(problems: Sequence[dict[str, str]], href: str) -> list[dict[str, str]]:
    """There are several reasons to be given on the page."""
    return [each | {"href": href} for each in problems]


def _to_prove(visit: Visit, new_id: str) -> str:
    return f"resend {message_id_of(visit.request)} {new_id}"


def _kept(done: Accepted | NotResent | Refusal) -> str | None:
    return json.dumps({"id": done.message_id}) if isinstance(done, Accepted) else None


def _why(done: NotResent | Refusal) -> str:
    return done.reason if isinstance(done, NotResent) else f"{done.public}."


def _shown(message_id: str) -> Response:
    return RedirectResponse(f"{_HERE}/{message_id}?say=again", 303)
