"""The audit and evidence as people take them by the API."""

from __future__ import annotations

from wardmail.app.audit_heads import broken_heads
from wardmail.app.evidence import Pack, archived, note_taken, pack_of, pack_of_message, page_of
from wardmail.app.evidence_about import about_message, evidence_of
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.manage.document_text import to_html
from wardmail.manage.evidence_of_message import page_of as page_of_message
from wardmail.manage.evidence_of_message import record_of
from wardmail.manage.evidence_packs import PackKind
from wardmail.model.evidence import Period
from wardmail.model.person import Person
from wardmail.model.reading import Record
from wardmail.store.chain import verify
from wardmail.store.messages import EventLine
from wardmail.store.newest_events import newest_events


class AuditOffice:
    """Everything here blocks; what walks the whole audit takes minutes when it is long."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def since(self, after: int, limit: int) -> list[Record]:
        return [event_record(each) for each in self._installation.messages.audit(after, limit)]

    def newest(self, before: int | None, limit: int) -> list[Record]:
        return [event_record(each) for each in newest_events(self._installation.database, before, limit)]

    def chain(self) -> Record:
        """Whether every event is as it was written, and goes through the signed heads."""
        report = verify(self._installation.database)
        why = report.why or "; ".join(broken_heads(self._installation))
        return {"ok": not why, "events": report.events, "head": f"{report.events}:{report.head.hex()}", "why": why}

    def knows(self, message_id: str) -> bool:
        """Whether an incident can be about it: a message that was sent, or one that came in."""
        try:
            return bool(about_message(self._installation, message_id))
        except CommandFailed:
            return False

    def pack(self, actor: Person, kind: str, period: Period, message_id: str, reason: str) -> tuple[str, bytes]:
        """A name, and the archive with its files; it is in the audit before it is given out."""
        page = page_of(self._installation, PackKind(kind), period, message_id, actor)
        made = pack_of(self._installation, kind, page)
        note_taken(self._installation, made, actor.id, reason)
        return made.name, archived(made)

    def pack_of_message(self, actor: Person, message_id: str, reason: str) -> tuple[str, bytes] | None:
        """One message's evidence as a pack; None when no such message was sent."""
        found = evidence_of(self._installation, message_id, actor.name)
        if found is None:
            return None
        made = pack_of_message(self._installation, found)
        note_taken(self._installation, made, actor.id, reason)
        return made.name, archived(made)

    def of_message(self, actor: str, message_id: str, reason: str, *, as_html: bool) -> Record | str | None:
        """One message's evidence as a record, or as a page; it is in the audit before it is given out."""
        found = evidence_of(self._installation, message_id, actor)
        if found is None:
            return None
        note_taken(self._installation, Pack("message", {}, {}, message_id), actor, reason)
        return to_html(page_of_message(found)) if as_html else record_of(found)


def event_record(each: EventLine) -> dict[str, object]:
    record = {"seq": each.seq, "at": rfc3339(each.at), "kind": each.kind, "actor": each.actor}
    return record | {"subject": each.subject, "detail": each.detail}
