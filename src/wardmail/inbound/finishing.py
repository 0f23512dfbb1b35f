"""The message as the application gets it: without what the verdict takes out, and with what was found on top (RECV-3)."""

from __future__ import annotations

from wardmail.inbound.stripping import CannotStrip, Stripped, strip
from wardmail.model.arrival import Arrival, Judgement
from wardmail.model.refusal import Unavailable
from wardmail.model.sender import Sending
from wardmail.model.verdict import Action
from wardmail.protocol.authres_writing import results_field
from wardmail.protocol.handover_fields import as_handed_over

_NOTICE = """The file "{name}" was taken out of this message by the mail gateway,
because it may be harmful or is of a kind that is not wanted here.

The original is kept for a while. Ask your mail team, and name {id}.
"""


def finished(message: bytes, arrival: Arrival, judgement: Judgement, hostname: str) -> bytes:
    """Pure, but long for a large message: call it from a thread then. Raises Unavailable when it cannot be stripped."""
    results = results_field(hostname, judgement.sender, Sending(arrival.peer, arrival.helo, arrival.sender))
    removed: tuple[str, ...] = ()
    if judgement.verdict.action is Action.STRIP:
        outcome = stripped(message, arrival, judgement.verdict.strip)
        if isinstance(outcome, CannotStrip):
            raise Unavailable("the stripping of a message", outcome.reason)
        message, removed = outcome.message, outcome.removed
    return as_handed_over(message, arrival, judgement, hostname=hostname, results=results, removed=removed)


def stripped(message: bytes, arrival: Arrival, paths: tuple[str, ...]) -> Stripped | CannotStrip:
    return strip(message, paths, _NOTICE.replace("{id}", arrival.id))
