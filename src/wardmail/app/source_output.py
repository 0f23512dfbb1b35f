"""A source in words: for the command line, and for its page."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.app.output import rfc3339
from wardmail.model.reading import Record
from wardmail.model.source import Source
from wardmail.store.inbox import Inbox, MailboxLine
from wardmail.store.register import StoreRegister
from wardmail.store.sources import StoreSources


def place(source: Source) -> str:
    """Whom it takes mail for, or which mailbox it looks at."""
    account = source.mailbox
    if account is not None:
        return f"{account.username} at {account.host}"
    return ", ".join(source.smtp.recipients) if source.smtp else ""


def shown(source: Source) -> list[tuple[str, str]]:
    rows = [("name", source.name), ("kind", source.kind.value), ("integration", source.integration)]
    rows += [("state", "paused" if source.paused else "in use"), ("trusted hop", source.trusted_hop or "none")]
    if source.smtp is not None:
        rows += [
            ("takes mail for", ", ".join(source.smtp.recipients)),
            ("only from", ", ".join(source.smtp.relays) or "anybody"),
        ]
        rows += [
            ("without TLS", f"{each.network} until {each.until.isoformat()}: {each.why} ({each.by})")
            for each in source.smtp.plain_peers
        ]
    account = source.mailbox
    if account is not None:
        log_in = "OAuth" if account.oauth else f"password {account.secret_ref}"
        rows += [("mailbox", place(source)), ("port", str(account.port)), ("log-in", log_in)]
        rows += [("folder", account.folder), ("afterwards", account.settlement.value)]
    return rows


class StoredSourceRecords:
    """Implements `ports.SourceRecords` over the store."""

    def __init__(self, register: StoreRegister, sources: StoreSources, inbox: Inbox) -> None:
        self._register = register
        self._sources = sources
        self._inbox = inbox

    def all(self) -> Sequence[Record]:
        lines = self._inbox.mailboxes()
        found = sorted(self._register.snapshot().sources.values(), key=lambda each: each.name)
        return [_record(each, lines.get(each.name)) for each in found]

    def one(self, name: str) -> Record | None:
        source = self._register.snapshot().sources.get(name)
        if source is None:
            return None
        problems = [
            {"since": rfc3339(each.first_seen_at), "key": each.key, "problem": each.problem}
            for each in self._inbox.problems(name)
        ]
        details = [(key.capitalize(), value) for key, value in shown(source)]
        return {**_record(source, self._inbox.mailboxes().get(name)), "details": details, "problems": problems}

    def pause(self, name: str, paused: bool, actor: str, reason: str) -> bool:
        return self._sources.pause_source(name, paused, actor, reason)


def _record(source: Source, line: MailboxLine | None) -> Record:
    return {
        "name": source.name,
        "kind": source.kind.value,
        "integration": source.integration,
        "where": place(source),
        "paused": source.paused,
        "looked_at": rfc3339(line.looked_at) if line else None,
        "problem": line.problem if line else "",
    }
