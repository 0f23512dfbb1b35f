"""Mail that came in, found by one box, newest first: what became of each, and nothing of what it says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import urlencode

from starlette.responses import Response

from wardmail.manage.arrival_words import WORDS
from wardmail.manage.message_search import found_by, in_words_of_letters, rule_in_words
from wardmail.model.arrival import ArrivalState
from wardmail.model.reading import FoundBy, NoSuchPage, Page, Record, Wanted
from wardmail.model.refusal import Unavailable
from wardmail.web.pages.forms import query_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.messages import NOT_ALL
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.words import moment

HERE = "/received"
_SHOWN = 50
_HEADINGS = ("Came", "ID", "From", "For", "Came by", "Status")
_STATES = {state.value: words for state, words in WORDS.items()}
COLOURS = {
    ArrivalState.HANDED_OVER: "green",
    ArrivalState.ACKNOWLEDGED: "green",
    ArrivalState.QUARANTINED: "orange",
    ArrivalState.DEAD_LETTER: "red",
    ArrivalState.REJECTED: "red",
}


class ReceivedPage:
    def __init__(self, services: OperateServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        asked = {name: query_of(visit.request, name) for name in ("q", "status", "after")}
        status = asked["status"] if asked["status"] in _STATES else ""
        reach = found_by(visit.visitor.person)
        wanted = Wanted("", asked["q"], status, after=asked["after"], limit=_SHOWN, found_by=reach)
        try:
            page, told = await asyncio.to_thread(self._found, wanted)
        except NoSuchPage:
            return self._pages.problem(
                404, "There is no such page of the list", "Begin again at Received.", visitor=visit.visitor
            )
        return self._pages.draw(
            "operate/received.jinja",
            "Received",
            visitor=visit.visitor,
            here=HERE,
            asked=asked,
            statuses=_STATES,
            grid=Grid("Mail that came in", _HEADINGS, [_row(each) for each in page.records]),
            told=_told(len(page.records), page.following) + told,
            found_by=in_words_of_letters(reach),
            rule=rule_in_words(reach),
            older=urlencode({**asked, "after": page.following}) if page.following else "",
            newest=urlencode({**asked, "after": ""}) if asked["after"] else "",
        )

    def _found(self, wanted: Wanted) -> tuple[Page, str]:
        """With what to say of it besides. Without the keystore, addresses and IDs are still found."""
        try:
            return self._services.arrivals.search(wanted), ""
        except Unavailable:
            return self._services.arrivals.search(replace(wanted, found_by=FoundBy.ADDRESS_OR_ID)), NOT_ALL


def _row(record: Record) -> list[Cell]:
    state = ArrivalState(str(record["status"]))
    sender = str(record["from"] or "nobody, or only its own header says")
    is_kept_back = state is ArrivalState.QUARANTINED
    return cells(
        moment(record["received_at"]),
        Cell(str(record["id"]), f"{HERE}/{record['id']}"),
        Cell(sender, f"/quarantine/{record['id']}") if is_kept_back else Cell(sender),
        record["integration"],
        record["source"],
        Cell(WORDS[state], colour=COLOURS.get(state, "grey")),
    )


def _told(count: int, following: str) -> str:
    if not count:
        return "No mail that came in matches."
    older = "; there is older mail" if following else ""
    return f"Showing {count} message{'s' * (count > 1)}, the newest first{older}."
