"""The word for a copy's state, and the record of it that `--json` prints; the same in every command."""

from __future__ import annotations

from wardmail.app.output import rfc3339
from wardmail.manage.status_words import WORDS
from wardmail.model.classification import Sensitivity
from wardmail.model.hold import Hold
from wardmail.store.messages import MessageLine


def state_word(line: MessageLine) -> str:
    word = WORDS.get(line.state, line.state)
    return f"{word} (time-critical)" if line.urgent and line.state == "held" else word


def as_record(line: MessageLine) -> dict[str, object]:
    return {
        "id": line.message_id,
        "recipient_no": line.n,
        "received_at": rfc3339(line.received_at),
        "integration": line.integration,
        "from": line.sender,
        "to": line.recipient,
        "status": line.state,
        "route": line.route,
        "classification": Sensitivity(line.sensitivity).label,
        "size": line.size,
        "attempts": line.attempts,
        "next_attempt_at": rfc3339(line.due_at) if not line.leased else None,
        "time_critical": line.urgent,
        "because": line.why,
        "last_reply": line.last_reply,
    }


def held_record(line: MessageLine, task: Hold | None) -> dict[str, object]:
    """With the task that a held copy is, once there is one."""
    record = as_record(line) | {"why_held": line.last_reply or line.why}
    if task is None:
        return record | {"owner": None, "deadline": None, "then": None, "alerts": 0, "proposed_by": None}
    return record | {
        "owner": task.owner,
        "deadline": rfc3339(task.deadline),
        "then": task.ending.value,
        "alerts": task.level,
        "proposed_by": task.proposed_by or None,
    }


def most_pressing(pair: tuple[MessageLine, Hold | None]) -> tuple[bool, float]:
    line, task = pair
    return not line.urgent, task.deadline if task else line.received_at
