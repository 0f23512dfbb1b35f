"""Finds the held copies that a command speaks of."""

from __future__ import annotations

from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.model.delivery import RecipientState
from wardmail.store.messages import MessageLine, Search

_HELD = (RecipientState.HELD.value,)


def held_lines(installation: Installation, message_id: str) -> list[MessageLine]:
    """The held copies of one message, by its ID or the beginning of it. Raises CommandFailed."""
    found = message_id.strip()
    lines = installation.messages.search(Search(found, states=_HELD, limit=1000)) if found else []
    if not lines:
        raise not_found("held message", message_id, "wardmail hold list")
    if len({line.message_id for line in lines}) > 1:
        raise CommandFailed(
            "WM-AMBIGUOUS", f"{message_id} stands for several held messages.", "Name one in full.", CONFLICT
        )
    return list(lines)


def all_held(installation: Installation, integration: str, domain: str, limit: int) -> list[MessageLine]:
    wanted = Search(states=_HELD, integration=integration, domain=domain, limit=limit)
    return list(installation.messages.search(wanted))


def why_held(line: MessageLine) -> str:
    return line.last_reply or line.why
