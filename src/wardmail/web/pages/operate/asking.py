"""What a form of a person's decision holds, and the pages that ask again and tell what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from wardmail.model.audit import LONGEST_REASON, SHORTEST_REASON
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.rendering import Pages


@dataclass(frozen=True, slots=True)
class Question:
    """Asked before something is done that cannot be taken back. `fields` are sent again with the yes, which is `confirmed`."""

    title: str
    sentences: Sequence[str]
    action: str
    yes: str
    back: str
    fields: Mapping[str, str] = field(default_factory=dict)
    confirmed: str = "yes"


def reason_of(visit: Visit) -> str:
    """On one line, without what would steer the terminal of who reads the audit there."""
    typed = "".join(each if each.isprintable() else " " for each in visit.form.get("reason", ""))
    return " ".join(typed.split())[:LONGEST_REASON]


def reason_problems(reason: str) -> list[dict[str, str]]:
    if len(reason) >= SHORTEST_REASON:
        return []
    return [{"text": "Say why, for whoever looks at it later", "href": "#reason"}]


def asked_again(pages: Pages, visit: Visit, here: str, question: Question) -> Response:
    return pages.draw("operate/question.jinja", question.title, visitor=visit.visitor, here=here, question=question)


def told(
    pages: Pages, visit: Visit, here: str, status: int, title: str, *sentences: str, back: str, message: str = ""
) -> Response:
    """`message` is the ID of what it was about, where that has a page of its own."""
    values = {"visitor": visit.visitor, "here": here, "sentences": sentences, "back": back, "message": message}
    return pages.draw("operate/told.jinja", title, status, **values)
