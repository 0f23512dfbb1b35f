"""What was done to a record, the newest first, as a page tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from wardmail.manage.history_words import record_sentence
from wardmail.model.reading import Record
from wardmail.web.pages.words import moment

_MOST = 50
_OLDER = "There is more, before this: wardmail audit list --after 0"


def told_history(events: Sequence[Record]) -> list[Mapping[str, object]]:
    """The last entry says so when there are older ones."""
    shown = [_told(each) for each in reversed(events[-_MOST:])]
    return shown if len(events) <= _MOST else [*shown, {"words": _OLDER, "reason": "", "at": "", "exactly": ""}]


def _told(record: Record) -> Mapping[str, object]:
    detail = cast("Mapping[str, Any]", record["detail"])
    return {
        "words": record_sentence(str(record["type"]), str(record["actor"]), detail),
        "reason": str(detail.get("reason") or ""),
        "at": moment(record["at"]),
        "exactly": record["at"],
    }
