"""One message that came in: what happened to it, who sent it, what was found in it and where it went; never what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from wardmail.manage.arrival_history import ATTEMPTS, arrival_sentence
from wardmail.manage.arrival_words import SENTENCES, WORDS
from wardmail.manage.handover_words import WAYS, place_in_words
from wardmail.model.arrival import Arrival, ArrivalState, Judgement
from wardmail.model.arrival_story import ArrivalStory
from wardmail.model.handover import Handover, HandoverKind
from wardmail.model.person import Permission
from wardmail.model.stored import Event
from wardmail.model.timestamp import rfc3339
from wardmail.web.pages.forms import message_id_of
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.grid import Grid, cells
from wardmail.web.pages.operate.received import COLOURS, HERE
from wardmail.web.pages.operate.received_proof import (
    MOST_PARTS,
    finding_grid,
    part_grid,
    proof_grid,
    proof_summary,
    scan_grid,
    verdict_words,
)
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.words import moment, summary

_SEALED = "What was proved and found cannot be read just now: the keystore does not answer. Look again in some minutes."
_NOT_YET = "Nothing was proved or found yet: it is being checked."
_ENDED = "What was proved and found is kept as long as the content of the message, and that has ended, or nobody could judge it."


class ReceivedOnePage:
    def __init__(self, services: OperateServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        arrival_id = message_id_of(visit.request)
        story = await self._services.stories.one(arrival_id) if arrival_id else None
        if story is None:
            return self._pages.problem(
                404, "There is no such message", "Look for it at Received.", visitor=visit.visitor
            )
        arrival, sentences = story.arrival, visit.visitor.person.may(Permission.READ_CONTENT)
        return self._pages.draw(
            "operate/received-one.jinja",
            # Not the subject: a browser keeps titles in its history.
            f"Message {arrival.id}",
            visitor=visit.visitor,
            here=HERE,
            tag={"text": WORDS[arrival.state], "classes": f"nhsuk-tag--{COLOURS.get(arrival.state, 'grey')}"},
            sentence=SENTENCES[arrival.state],
            waits=f"/quarantine/{arrival.id}" if arrival.state is ArrivalState.QUARANTINED else "",
            rows=_summary(arrival),
            events=[_event(each) for each in story.events],
            gap=_gap(story),
            judged=_judged(story.judgement, sentences) if story.judgement else None,
            sentences=sentences,
            handover=_handover(story.handover),
            attempts=_attempts(story.events),
            is_collected=story.handover.kind is HandoverKind.PULL,
        )


def _summary(arrival: Arrival) -> object:
    tls = f"{arrival.tls.version}, {arrival.tls.cipher}" if arrival.tls else "None"
    return summary(
        ("ID", arrival.id),
        ("Came", moment(arrival.received_at)),
        ("Came by", arrival.source),
        ("For", arrival.integration),
        ("Envelope sender", arrival.sender or "Nobody, or only its own header says"),
        ("To", ", ".join(arrival.recipients)),
        ("Brought by", " ".join(filter(None, (arrival.peer, f"as {arrival.helo}" if arrival.helo else "")))),
        ("TLS on its way to us", tls if arrival.peer else ""),
        ("Why TLS was not asked for", arrival.exception),
        ("Size", f"{arrival.size:,} bytes"),
        ("Why it stands so", arrival.why),
        ("Tried again", moment(arrival.due_at)),
        ("Release proposed by", arrival.proposed_by),
    )


def _event(event: Event) -> Mapping[str, str]:
    words = arrival_sentence(event.kind, event.actor, event.detail)
    return {"words": words, "at": moment(event.at), "exactly": rfc3339(event.at)}


def _gap(story: ArrivalStory) -> str:
    if story.judgement is not None:
        return ""
    if story.is_sealed:
        return _SEALED
    return _NOT_YET if story.arrival.state is ArrivalState.RECEIVED else _ENDED


def _judged(judgement: Judgement, sentences: bool) -> Mapping[str, object]:
    inspection = judgement.inspection
    return {
        "at": moment(judgement.judged_at),
        "proofs": proof_grid(judgement.sender),
        "proof_rows": proof_summary(judgement, sentences=sentences),
        "verdict": verdict_words(judgement),
        "reasons": judgement.verdict.reasons if sentences else (),
        "findings": finding_grid(inspection, sentences=sentences),
        "scans": scan_grid(judgement.scans),
        "parts": part_grid(inspection, sentences=sentences),
        "left_out": max(0, len(inspection.parts) - MOST_PARTS, len(inspection.all_findings) - MOST_PARTS),
    }


def _handover(terms: Handover) -> object:
    place = place_in_words(terms) if terms.kind not in (HandoverKind.PULL, HandoverKind.REPORTS) else ""
    return summary(("How", WAYS[terms.kind]), ("Where", place))


def _attempts(events: Sequence[Event]) -> Grid | None:
    """What was put off before it was judged was no attempt to hand it over."""
    first = next((n for n, each in enumerate(events) if each.kind in ("MailJudged", "QuarantineReleased")), len(events))
    tries = [each for each in events[first:] if each.kind in ATTEMPTS]
    rows = [cells(moment(each.at), arrival_sentence(each.kind, each.actor, each.detail), _next(each)) for each in tries]
    return Grid("Attempts to hand it over", ("When", "What came of it", "Tried again"), rows) if rows else None


def _next(event: Event) -> str:
    return moment(event.detail.get("next")) if event.kind == "ArrivalPutOff" else ""
