"""What was done to a record, the newest first, as a page tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from wardmail.manage.history_words import record_sentence
from wardmail.model.reading import Record
from wardmail.web.pages.words import moment

_MOST = 50


def told_history(events: Sequence[Record]) -> list[Mapping[str, object]]:
    return [_told(each) for each in reversed(events[-_MOST:])]


def _told(record: Record) -> Mapping[str, object]:
    detail = cast("Mapping[str, Any]", record["detail"])
    return {
        "words": record_sentence(str(record["type"]), str(record["actor"]), detail),
        "reason": str(detail.get("reason") or ""),
        "at": moment(record["at"]),
        "exactly": record["at"],
    }
