"""Reads messages for pages and programs, as the records that `--json` prints."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wardmail.app.message_output import as_record
from wardmail.app.output import rfc3339
from wardmail.model.reading import Page, Record, Wanted
from wardmail.store.messages import Messages, Search

_CURSOR = re.compile(r"([0-9A-Z]{18})-([0-9]{1,6})")


class StoredMessageRecords:
    """Implements `ports.reading.MessageRecords` over the store."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def of_message(self, integration: str, message_id: str) -> Sequence[Record]:
        if not self._messages.of_integration(integration, message_id):
            return ()
        return [as_record(line) for line in self._messages.search(Search(message_id, limit=1000))]

    def search(self, wanted: Wanted) -> Page:
        lines = self._messages.search(
            Search(
                wanted.text,
                states=(wanted.status,) if wanted.status else (),
                integration=wanted.integration,
                since=wanted.since,
                limit=wanted.limit + 1,
                after=_place(wanted.after) if wanted.after else None,
            )
        )
        shown = lines[: wanted.limit]
        following = f"{shown[-1].message_id}-{shown[-1].n}" if len(lines) > wanted.limit else ""
        return Page([as_record(line) for line in shown], following)

    def history(self, integration: str, message_id: str) -> Sequence[Record]:
        if not self._messages.of_integration(integration, message_id):
            return ()
        return [
            {"seq": each.seq, "at": rfc3339(each.at), "type": each.kind, "actor": each.actor, "detail": each.detail}
            for each in self._messages.history(message_id)
        ]


def _place(cursor: str) -> tuple[str, int]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise ValueError("no cursor of ours")
    return match.group(1), int(match.group(2))
