"""What the gateway holds about a person, out and in: by the envelope, and by who wrote it while that is kept."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.app.installation import Installation
from wardmail.edges.sealing import ContentSealer
from wardmail.edges.spool import SealedSpool
from wardmail.model.evidence import SubjectLine
from wardmail.store.arrivals import JUDGEMENT
from wardmail.store.contents import Contents
from wardmail.store.evidence import StoreEvidence
from wardmail.store.evidence_of_arrivals import ArrivalEvidence


def lines_about(installation: Installation, address: str, since: float) -> tuple[Sequence[SubjectLine], int]:
    """Newest first; and how many arrivals are known by their envelope only."""
    database, arrivals = installation.database, ArrivalEvidence(installation.database)
    spool = SealedSpool(installation.settings.data / "spool")
    contents = Contents(database, ContentSealer(installation.keystore), spool)

    def opened(arrival_id: str, sealed: bytes) -> bytes:
        return contents.open_aside(arrival_id, JUDGEMENT, sealed)

    came_in = {each.message_id: each for each in arrivals.written_by(address, since, opened)}
    came_in |= {each.message_id: each for each in arrivals.about(address, since)}
    lines = [*StoreEvidence(database).about(address, since), *came_in.values()]
    return sorted(lines, key=lambda each: each.at, reverse=True), arrivals.out_of_reach(since)
