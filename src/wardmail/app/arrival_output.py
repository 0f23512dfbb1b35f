"""The record of an arrival that `--json` prints, and how commands find one."""

from __future__ import annotations

from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.model.arrival import Arrival, ArrivalState
from wardmail.store.inbox import ArrivalSearch


def as_record(arrival: Arrival) -> dict[str, object]:
    return {
        "id": arrival.id,
        "received_at": rfc3339(arrival.received_at),
        "source": arrival.source,
        "integration": arrival.integration,
        "via": arrival.via,
        "from": arrival.sender,
        "to": list(arrival.recipients),
        "size": arrival.size,
        "status": arrival.state.value,
        "verdict": arrival.action,
        "findings": list(arrival.findings),
        "attempts": arrival.attempts,
        "why": arrival.why,
        "proposed_by": arrival.proposed_by,
        "peer": arrival.peer,
        "tls": arrival.tls.version if arrival.tls else "",
        "without_tls_because": arrival.exception,
    }


def why_kept(arrival: Arrival) -> str:
    """IDs of what was found. Where nothing was, the sentences that say why may name files, so they take a role."""
    return ", ".join(arrival.findings) or arrival.why or "its sender, a kind of file or a scanner: open it to see"


def one_arrival(installation: Installation, text: str, *states: ArrivalState) -> Arrival:
    """By its ID or the beginning of it. Raises CommandFailed."""
    found = installation.inbox.search(ArrivalSearch(text.strip(), states=states, limit=2)) if text.strip() else []
    if not found or "@" in text:
        raise not_found("arrival", text, "wardmail inbound list")
    if len(found) > 1:
        raise CommandFailed("WM-AMBIGUOUS", f"{text} stands for several arrivals.", "Name one in full.", CONFLICT)
    return found[0]
