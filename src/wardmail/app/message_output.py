"""The words for a copy's state, and the record of it that `--json` prints; the same in every command."""

from __future__ import annotations

from wardmail.app.output import rfc3339
from wardmail.model.classification import Sensitivity
from wardmail.store.messages import MessageLine

_WORDS = {
    "accepted": "Accepted",
    "held": "Held",
    "deferred": "Delayed",
    "relayed": "Handed on",
    "delivered": "Delivered",
    "bounced": "Failed",
    "expired": "Failed: gave up",
    "rejected": "Not sent",
    "cancelled": "Cancelled",
}

SENTENCES = {
    "accepted": "We have it and are about to send it.",
    "held": "It waits for a person to decide.",
    "deferred": "It could not be sent yet, and is tried again.",
    "relayed": "The upstream service took it. We will say if it tells us more.",
    "delivered": "The receiving server accepted it. We cannot tell if anyone has read it.",
    "bounced": "The receiving server refused it for good.",
    "expired": "It was tried until its time ran out.",
    "rejected": "The policy does not let it out.",
    "cancelled": "A person stopped it.",
}


def state_word(line: MessageLine) -> str:
    word = _WORDS.get(line.state, line.state)
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
