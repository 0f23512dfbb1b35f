"""What a form of a person's decision holds, and the pages that ask again and tell what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from wardmail.model.reason import LONGEST_REASON, SHORTEST_REASON, fault_of, plain_line
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.rendering import Pages

SAY_WHY = f"Say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters, for whoever looks at it later"


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
    return plain_line(visit.form.get("reason", ""))


def reason_problems(reason: str) -> list[dict[str, str]]:
    if not fault_of(reason):
        return []
    return [{"text": SAY_WHY, "href": "#reason"}]


def asked_again(pages: Pages, visit: Visit, here: str, question: Question) -> Response:
    return pages.draw("operate/question.jinja", question.title, visitor=visit.visitor, here=here, question=question)


def told(
    pages: Pages, visit: Visit, here: str, status: int, title: str, *sentences: str, back: str, message: str = ""
) -> Response:
    """`message` is the ID of what it was about, where that has a page of its own."""
    values = {"visitor": visit.visitor, "here": here, "sentences": sentences, "back": back, "message": message}
    return pages.draw("operate/told.jinja", title, status, **values)
