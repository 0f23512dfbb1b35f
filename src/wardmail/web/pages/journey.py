"""Draws a message's way as four stops, without style or script; the words below it say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from wardmail.manage.status_words import WORDS
from wardmail.model.reading import Record

_GONE_ON = frozenset({"relayed", "delivered"})
_ENDED = frozenset({"bounced", "expired", "rejected", "cancelled"})


@dataclass(frozen=True, slots=True)
class Stop:
    """`look` is done, waits, ended or ahead; `link` how the way to it was protected."""

    x: int
    name: str
    note: str
    look: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    stops: tuple[Stop, ...]

    @property
    def in_words(self) -> str:
        return "; ".join(f"{each.name}: {each.note or each.look}" for each in self.stops) + "."


def journey(record: Record, events: Sequence[Record]) -> Journey:
    """Of one copy, from what is stored of it."""
    status, attempts = str(record["status"]), cast("int", record["attempts"])
    accepted, last = _detail(events, "MessageAccepted"), _detail(events, "AttemptMade")
    is_out = attempts > 0 or status in _GONE_ON
    sent_by = f"attempt {attempts}" if attempts else ""
    stops = (
        Stop(110, "Integration", str(record["integration"] or "the gateway"), "done"),
        Stop(330, "Decided", _decided(status), "waits" if status == "held" else "done", str(accepted.get("tls", ""))),
        Stop(550, "Sent", sent_by or "not yet", "done" if is_out else "ahead"),
        Stop(770, WORDS.get(status, status), str(last.get("host", "")), _look(status), _version(last)),
    )
    return Journey(stops)


def _decided(status: str) -> str:
    return {"held": "held for a person", "rejected": "not let out"}.get(status, "let out")


def _look(status: str) -> str:
    if status in _GONE_ON:
        return "done"
    return "ended" if status in _ENDED else "waits"


def _version(attempt: Mapping[str, Any]) -> str:
    tls = attempt.get("tls") or ("", "", "", "")
    return str(tls[2])


def _detail(events: Sequence[Record], kind: str) -> Mapping[str, Any]:
    """Of the newest event of a kind."""
    found = [each for each in events if each["type"] == kind]
    return cast("Mapping[str, Any]", found[-1]["detail"]) if found else {}
