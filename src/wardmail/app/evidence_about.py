"""What an incident pack says of one message: its journey, word for word as it was recorded."""

from __future__ import annotations

from wardmail.app.failures import not_found
from wardmail.app.installation import Installation
from wardmail.manage.document_text import Grid, Section
from wardmail.manage.evidence_tables import moment as in_full
from wardmail.model.classification import Sensitivity
from wardmail.store.inbox import ArrivalSearch
from wardmail.store.messages import Search


def about_message(installation: Installation, message_id: str) -> tuple[Section, ...]:
    """Raises CommandFailed when there is no such message."""
    lines = installation.messages.search(Search(message_id.strip(), limit=1000))
    if not lines:
        return _about_arrival(installation, message_id.strip())
    first = lines[0]
    copies = tuple(
        (line.recipient, line.state, line.why, line.last_reply) for line in lines if line.message_id == first.message_id
    )
    what = f"{first.message_id} from {first.integration}, {Sensitivity(first.sensitivity).label}, {first.size} octets"
    return (
        Section("The message", (what, Grid(("To", "Status", "Why", "Last word"), copies))),
        _happened(installation, first.message_id),
    )


def _about_arrival(installation: Installation, arrival_id: str) -> tuple[Section, ...]:
    found = installation.inbox.search(ArrivalSearch(arrival_id, limit=1)) if arrival_id else ()
    if not found:
        raise not_found("message", arrival_id, "wardmail messages, or wardmail inbound list")
    first = found[0]
    what = f"{first.id}, came in by {first.source} for {first.integration}, {first.size} octets"
    rows = ((first.state.value, first.action, ", ".join(first.findings), first.why),)
    headings = ("State", "Judged", "Findings", "Why")
    return Section("The message", (what, Grid(headings, rows))), _happened(installation, first.id)


def _happened(installation: Installation, message_id: str) -> Section:
    history = installation.messages.history(message_id)
    events = tuple((in_full(each.at), each.kind, each.actor, _told(each.detail)) for each in history)
    return Section("What happened to it", (Grid(("When", "What", "By", "Detail"), events),))


def _told(detail: dict[str, object]) -> str:
    return "; ".join(f"{name} {value}" for name, value in detail.items())
