"""One message: its standing for each recipient, what happened, and its content for who may read it and says why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from starlette.responses import Response

from wardmail.manage.history_words import sentence
from wardmail.model.person import Permission
from wardmail.model.reading import Record, Wanted
from wardmail.model.refusal import Unavailable
from wardmail.web.pages.content import ContentPages, ReadContent
from wardmail.web.pages.forms import message_id_of, query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.journey import journey
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.words import moment, summary, tag

_NOT_SHOWN = (
    "It cannot be shown: its term has ended, or a part of the gateway does not answer. Try again in a few minutes."
)


class MessagePage:
    def __init__(self, services: ConsoleServices, content: ContentPages) -> None:
        self._services = services
        self._content = content

    async def show(self, visit: Visit) -> Response:
        message_id = message_id_of(visit.request)
        copies, events = await asyncio.to_thread(self._found, message_id)
        if not copies:
            return self._services.pages.problem(
                404, "There is no such message", "Look for it at Messages.", visitor=visit.visitor
            )
        first = copies[0]
        content = await self._opened(visit, message_id)
        missing = query_of(visit.request, "say") == "reason"
        return self._services.pages.draw(
            "message.jinja",
            # Not the subject: a browser keeps titles in its history.
            f"Message {message_id}",
            heading=content.subject if content else "",
            visitor=visit.visitor,
            here="/messages",
            id=message_id,
            recipients=", ".join(str(each["to"]) for each in copies[:3]) + (" and others" if len(copies) > 3 else ""),
            copies=[_copy(each) for each in copies],
            picture=journey(copies[0], events) if len(copies) == 1 else None,
            events=[_event(each) for each in events],
            summary=summary(
                ("Queue ID", message_id),
                ("Integration", first["integration"] or "The gateway itself"),
                ("From", first["from"]),
                ("Classification", first["classification"]),
                ("Size", f"{cast('int', first['size']):,} octets"),
                ("Accepted", moment(first["received_at"])),
            ),
            is_held=any(each["status"] == "held" for each in copies),
            may_read=visit.visitor.person.may(Permission.READ_CONTENT),
            content=content,
            frame=visit.request.url.query,
            error="Say why you need to read it" if missing else "",
            errors=missing,
        )

    def _found(self, message_id: str) -> tuple[Sequence[Record], Sequence[Record]]:
        if not message_id:
            return (), ()
        found = self._services.messages.search(Wanted("", message_id, limit=1)).records
        if not found:
            return (), ()
        integration = str(found[0]["integration"])
        messages = self._services.messages
        return messages.of_message(integration, message_id), messages.history(integration, message_id)

    async def _opened(self, visit: Visit, message_id: str) -> ReadContent | None:
        if not visit.visitor.person.may(Permission.READ_CONTENT) or not self._content.is_open(visit, message_id):
            return None
        try:
            return await self._content.read(message_id)
        except Unavailable:
            return ReadContent("", "", _NOT_SHOWN)


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


def _event(record: Record) -> Mapping[str, str]:
    words = sentence(str(record["type"]), str(record["actor"]), cast("Mapping[str, Any]", record["detail"]))
    return {"words": words, "at": moment(record["at"]), "exactly": str(record["at"])}
