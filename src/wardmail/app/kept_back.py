"""Reads mail in quarantine for pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from wardmail.app import arrival_output
from wardmail.app.arrival_judgement import as_record
from wardmail.app.output import rfc3339
from wardmail.inbound.world import InboundWorld
from wardmail.manage.arrival_history import arrival_sentence
from wardmail.model.arrival import Arrival, ArrivalState
from wardmail.model.reading import Record
from wardmail.model.retention import A_DAY
from wardmail.store.inbox import ArrivalSearch, Inbox
from wardmail.store.messages import Messages

_QUARANTINED = (ArrivalState.QUARANTINED,)


class StoredKeptBack:
    """Implements `ports.KeptBack` over the store."""

    def __init__(self, inbox: Inbox, messages: Messages, world: InboundWorld) -> None:
        self._inbox = inbox
        self._messages = messages
        self._world = world

    def waiting(self, limit: int) -> list[Record]:
        return [self._record(each) for each in self._inbox.search(ArrivalSearch(states=_QUARANTINED, limit=limit))]

    async def one(self, arrival_id: str, *, sentences: bool) -> Record | None:
        wanted = ArrivalSearch(arrival_id, states=_QUARANTINED, limit=1)
        found = await asyncio.to_thread(self._inbox.search, wanted)
        if not found:
            return None
        judgement = await self._world.arrivals.judgement(arrival_id)
        judged = as_record(judgement, sentences=sentences) if judgement is not None else {}
        events = await asyncio.to_thread(self._messages.history, arrival_id)
        return self._record(found[0]) | {
            "proofs": _proofs(judged),
            "scans": ", ".join(judged.get("scans", ())),
            "reasons": [*judged.get("reasons", ()), *judged.get("finding_sentences", ())],
            "history": [
                f"{rfc3339(each.at)} {arrival_sentence(each.kind, each.actor, each.detail)}" for each in events
            ],
        }

    def _record(self, arrival: Arrival) -> dict[str, object]:
        days = self._world.handover_of(arrival.integration).quarantine_days
        ends_at = rfc3339(arrival.received_at + days * A_DAY)
        return arrival_output.as_record(arrival) | {
            "why": arrival_output.why_kept(arrival),
            "ends_at": ends_at,
            "to": ", ".join(arrival.recipients),
        }


def _proofs(judged: Mapping[str, object]) -> str:
    if not judged:
        return ""
    return f"SPF {judged['spf']}, DMARC {judged['dmarc']}, ARC {judged['arc']}"
