"""The audit and evidence as people take them by the API."""

from __future__ import annotations

import io
import zipfile

from wardmail.app.audit_heads import broken_heads
from wardmail.app.evidence import note_taken, pack_of, page_of
from wardmail.app.evidence_about import about_message
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
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
        made, archive = pack_of(self._installation, kind, page), io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in made.files.items():
                opened.writestr(name, content)
        note_taken(self._installation, made, actor, reason)
        return made.name, archive.getvalue()


def event_record(each: EventLine) -> dict[str, object]:
    record = {"seq": each.seq, "at": rfc3339(each.at), "kind": each.kind, "actor": each.actor}
    return record | {"subject": each.subject, "detail": each.detail}
