"""One message: its standing for each recipient, what happened, its content for who says why, and what can be done with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.responses import Response

from wardmail.manage.history_words import sentence
from wardmail.model.delivery import RecipientState
from wardmail.model.person import Permission, Person
from wardmail.model.reading import Record
from wardmail.model.stored import StoredMessage
from wardmail.outbound.resending import is_of_the_gateway, may_go_again
from wardmail.web.pages.content import PARTS, TOO_OLD, ContentPages, Opened, barred_file
from wardmail.web.pages.forms import message_id_of, query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.held_together import PICK
from wardmail.web.pages.journey import journey
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.words import moment, summary, tag

MOST_PICKED = 100
"""Recipients among whom one can choose on the page."""

_MOST_SHOWN = 100
"""Copies of one message that are drawn out; the API has all of them."""

_NO_REASON = "Say why you need to read it"


@dataclass(frozen=True, slots=True)
class Sent:
    """A form of the page that was sent and is not taken: which, what was in it, and what is wrong."""

    act: str = ""
    reason: str = ""
    picked: frozenset[int] = frozenset()
    problems: Sequence[Mapping[str, str]] = field(default=())


class MessagePage:
    def __init__(self, services: ConsoleServices, content: ContentPages) -> None:
        self._services = services
        self._content = content

    async def show(self, visit: Visit) -> Response:
        is_missing = query_of(visit.request, "say") == "reason"
        problems = [{"text": _NO_REASON, "href": "#reason"}] if is_missing else ()
        return await self.draw(visit, Sent("read" if is_missing else "", problems=problems), 200)

    async def copies(self, message_id: str) -> Sequence[Record]:
        return await asyncio.to_thread(self._services.messages.of_message, "", message_id)

    def gone(self, visit: Visit) -> Response:
        return self._services.pages.problem(
            404, "There is no such message", "Look for it at Messages.", visitor=visit.visitor
        )

    async def draw(self, visit: Visit, sent: Sent, status: int) -> Response:
        message_id, person = message_id_of(visit.request), visit.visitor.person
        copies, loaded = await self.copies(message_id), await self._services.world.queue.load(message_id)
        if not copies or loaded is None:
            return self.gone(visit)
        stored = loaded[0]
        events = await asyncio.to_thread(self._services.messages.history, "", message_id)
        recipients = {int(str(each["recipient_no"])): str(each["to"]) for each in copies}
        may_read = person.may(Permission.READ_CONTENT)
        opened = await self._content.opened(visit, message_id) if may_read else None
        return self._services.pages.draw(
            "message.jinja",
            # Not the subject: a browser keeps titles in its history.
            f"Message {message_id}",
            status,
            visitor=visit.visitor,
            here="/messages",
            id=message_id,
            heading=opened.content.subject if opened else "",
            recipients=", ".join(str(each["to"]) for each in copies[:3]) + (" and others" if len(copies) > 3 else ""),
            copies=[_copy(each) for each in copies[:_MOST_SHOWN]],
            left_out=max(0, len(copies) - _MOST_SHOWN),
            picture=journey(copies[0], events) if len(copies) == 1 else None,
            events=[_event(each, recipients) for each in events],
            summary=_summary(message_id, copies[0], _kept(stored, self._services.clock.now())),
            is_kept=stored.content_until is not None,
            is_held=any(each["status"] == "held" for each in copies),
            is_sent_again=query_of(visit.request, "say") == "again" and any(map(_names_a_first, events)),
            may_read=may_read,
            too_old=TOO_OLD if may_read and await self._content.is_barred(visit, message_id) else "",
            opened=opened,
            parts=PARTS,
            files=_files(visit, opened),
            sent=sent,
            problems=sent.problems,
            errors=bool(sent.problems),
            **_acts(person, stored, copies, sent),
        )


def _acts(person: Person, stored: StoredMessage, copies: Sequence[Record], sent: Sent) -> Mapping[str, object]:
    """What this person may do with it."""
    return {
        "may_resend": person.may(Permission.OPERATE_QUEUE) and not is_of_the_gateway(stored),
        "again": [_choice(each, sent) for each in copies if may_go_again(_state(each))][:MOST_PICKED],
        "may_take": person.may(Permission.TAKE_EVIDENCE),
    }


def _state(record: Record) -> RecipientState:
    return RecipientState(str(record["status"]))


def _names_a_first(event: Record) -> bool:
    """Whether it says that the message is another one sent again: a link alone must not tell anybody so."""
    return event["type"] == "MessageSentAgain" and "first" in cast("Mapping[str, Any]", event["detail"])


def _choice(record: Record, sent: Sent) -> Mapping[str, object]:
    n = int(str(record["recipient_no"]))
    words = f"{record['to']} ({tag(record['status'])['text'].lower()})"
    return {"name": f"{PICK}{n}", "id": f"{PICK}{n}", "value": "yes", "text": words, "checked": n in sent.picked}


def _kept(stored: StoredMessage, now: float) -> str:
    until = stored.content_until
    if until is None:
        return "Not kept any more: its term has ended"
    longer = ", and now for as long as it waits or a legal hold keeps it" if until <= now else ""
    return f"{moment(until)}{longer}"


def _summary(message_id: str, first: Record, kept: str) -> object:
    return summary(
        ("Queue ID", message_id),
        ("Integration", first["integration"] or "The gateway itself"),
        ("From", first["from"]),
        ("Classification", first["classification"]),
        ("Size", f"{cast('int', first['size']):,} bytes"),
        ("Accepted", moment(first["received_at"])),
        ("Content kept until", kept),
    )


def _files(visit: Visit, opened: Opened | None) -> Mapping[str, object] | None:
    """Each with what is known of it, and why it is not given out."""
    if opened is None or opened.files is None:
        return None
    listed = [
        {
            "n": each.n,
            "name": each.name or f"Attachment {each.n}, without a name",
            "why_not": barred_file(visit, each),
            "rows": summary(
                ("Type by content", each.kind),
                ("Declared as", each.declared or "nothing"),
                ("Size", f"{each.size:,} bytes"),
                ("SHA-256", each.sha256),
                ("What was found", " ".join(finding.sentence for finding in each.findings) or "Nothing"),
            ),
        }
        for each in opened.files.files
    ]
    return {"listed": listed, "gap": opened.files.gap}


def _copy(record: Record) -> Mapping[str, Any]:
    return {
        "to": record["to"],
        "tag": tag(record["status"]),
        "rows": summary(
            ("Decision", record["because"]),
            ("Route", record["route"]),
            ("Attempts", record["attempts"]),
            ("Last answer", record["last_reply"]),
            ("Next attempt", moment(record["next_attempt_at"])),
        ),
    }


def _event(record: Record, recipients: Mapping[int, str]) -> Mapping[str, str]:
    detail = cast("Mapping[str, Any]", record["detail"])
    words = sentence(str(record["type"]), str(record["actor"]), detail, recipients)
    other = str(detail.get("again") or detail.get("first") or "") if record["type"] == "MessageSentAgain" else ""
    return {"words": words, "at": moment(record["at"]), "exactly": str(record["at"]), "other": other}
