"""What an incident pack says of one message, and one message's evidence by itself."""

from __future__ import annotations

from wardmail import __version__
from wardmail.app.failures import not_found
from wardmail.app.installation import Installation
from wardmail.edges.audit_heads import HeadSigner
from wardmail.manage.document_text import Grid, Section
from wardmail.manage.evidence_of_message import happened, sections_of
from wardmail.manage.evidence_tables import day_of
from wardmail.model.message_evidence import MessageEvidence
from wardmail.store.chain import head_of
from wardmail.store.evidence_of_messages import events_of, message_record
from wardmail.store.inbox import ArrivalSearch
from wardmail.store.messages import Search


def about_message(installation: Installation, message_id: str) -> tuple[Section, ...]:
    """Raises CommandFailed when there is no such message, sent or received. The beginning of an ID will do."""
    text = message_id.strip()
    lines = installation.messages.search(Search(text, limit=1))
    record = message_record(installation.database, lines[0].message_id) if lines else None
    return sections_of(record) if record is not None else _about_arrival(installation, text)


def evidence_of(installation: Installation, message_id: str, by: str) -> MessageEvidence | None:
    """None when no such message was sent."""
    record = message_record(installation.database, message_id)
    if record is None:
        return None
    now = installation.clock.now()
    seq, digest = head_of(installation.database)
    head = HeadSigner(installation.keystore).sign(day_of(now).isoformat(), seq, digest, now)
    hostname = installation.settings["gateway.hostname"]
    return MessageEvidence(hostname, f"Wardmail {__version__}", by, now, record, head)


def _about_arrival(installation: Installation, arrival_id: str) -> tuple[Section, ...]:
    found = installation.inbox.search(ArrivalSearch(arrival_id, limit=1)) if arrival_id else ()
    if not found:
        raise not_found("message", arrival_id, "wardmail messages, or wardmail inbound list")
    first = found[0]
    what = f"{first.id}, came in by {first.source} for {first.integration}, {first.size} octets"
    rows = ((first.state.value, first.action, ", ".join(first.findings), first.why),)
    headings = ("State", "Judged", "Findings", "Why")
    return Section("The message", (what, Grid(headings, rows))), happened(events_of(installation.database, first.id))
