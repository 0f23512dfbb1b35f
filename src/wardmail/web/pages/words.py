"""Words and looks that pages share: times, sizes, the tag of a status, rows of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from wardmail.manage.status_words import SENTENCES, WORDS
from wardmail.model.login import Session
from wardmail.model.reading import Record

LONDON = ZoneInfo("Europe/London")
_COLOURS = {
    "accepted": "blue",
    "held": "orange",
    "deferred": "yellow",
    "relayed": "green",
    "delivered": "green",
    "bounced": "red",
    "expired": "red",
    "rejected": "red",
    "cancelled": "grey",
}


def moment(at: object) -> str:
    """`2:02pm, 22 November 2026`, of seconds or of a record's RFC 3339 text; empty of nothing."""
    if isinstance(at, str) and at:
        when = datetime.fromisoformat(at)
    elif isinstance(at, int | float):
        when = datetime.fromtimestamp(at, UTC)
    else:
        return ""
    when = when.astimezone(LONDON)
    return f"{when.hour % 12 or 12}:{when:%M}{'am' if when.hour < 12 else 'pm'}, {when.day} {when:%B %Y}"


def day(on: date | None) -> str:
    """`22 November 2026`; empty of nothing."""
    return f"{on.day} {on:%B %Y}" if on else ""


def day_of(text: str) -> date | None:
    """What somebody typed, as 2026-11-22; None of what is no day."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def exactly(at: object) -> str:
    """To the millisecond, for what is read beside another log."""
    return str(at or "")


def tag(status: object) -> Mapping[str, str]:
    name = str(status)
    return {
        "text": WORDS.get(name, name),
        "classes": f"nhsuk-tag--{_COLOURS.get(name, 'grey')}",
        "sentence": SENTENCES.get(name, ""),
    }


def event_types(record: Record) -> str:
    """Which events a webhook tells of."""
    types = record["types"]
    return ", ".join(map(str, types)) if isinstance(types, Sequence) and types else "All"


def summary(*pairs: tuple[str, object]) -> list[dict[str, dict[str, str]]]:
    """Rows of a summary list; those that say nothing are left out."""
    return [
        {"key": {"text": key}, "value": {"text": str(value), "classes": "wardmail-break"}}
        for key, value in pairs
        if value not in ("", None)
    ]


def session_row(session: Session, mine: Session) -> dict[str, object]:
    """`mine`: the session of who looks at it."""
    return {
        "name": session.name,
        "since": moment(session.began_at),
        "seen": moment(session.seen_at),
        "peer": session.peer,
        "by": session.proved_by or "not recorded",
        "is_mine": session.token_hash == mine.token_hash,
    }
