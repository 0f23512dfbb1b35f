"""Subject access and packs know what came in, on both databases: by envelope, by who wrote it, and by whom it was released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from tests.inbound_desk import MAILBOX, MESSAGE, Office, office
from wardmail.inbound import recording
from wardmail.inbound.arrival import collected
from wardmail.inbound.examining import examine
from wardmail.model.arrival import ArrivalChange, ArrivalState
from wardmail.model.evidence import Period
from wardmail.model.message_id import make_id
from wardmail.store.arrivals import JUDGEMENT
from wardmail.store.connection import Database
from wardmail.store.evidence_of_arrivals import ArrivalEvidence
from wardmail.store.schema import content
from wardmail.store.schema_of_inbound import arrival

START = 1_800_000_000.0
QUARANTINED = (ArrivalState.QUARANTINED,)


@pytest.fixture
def desk(database: Database) -> Iterator[Office]:
    with office(database) as opened:
        yield opened


async def bring(desk: Office, number: int, sender: str = "", to: tuple[str, ...] = (), *, judged: bool = False) -> str:
    world = replace(desk.world, new_id=lambda: make_id(desk.clock.now(), number))
    message = MESSAGE + str(number).encode()
    arrived = collected(world, MAILBOX, message)
    changed = replace(arrived.arrival, sender=sender, recipients=to)
    await desk.seen.collect("results", str(number), str(number), replace(arrived, arrival=changed))
    found = await desk.arrival(arrived.arrival.id)
    if judged:
        judgement = await examine(desk.world, found, message)
        await desk.arrivals.change(recording.judged(found, judgement, ArrivalState.QUARANTINED, None))
    return found.id


def opened(desk: Office, arrival_id: str, sealed: bytes) -> bytes:
    return desk.arrivals._contents.open_aside(arrival_id, JUDGEMENT, sealed)


async def test_it_is_found_by_its_envelope_in_whole_and_in_any_case(desk: Office) -> None:
    first = await bring(desk, 1, "Pat@Home.example", ("letters@trust.example",))
    second = await bring(desk, 2, "ward@nhs.example", ("pat@home.example", "o'neill_@trust.example"))
    await bring(desk, 3, "xpat@home.example", ("pat@home.example.org",))
    evidence = ArrivalEvidence(desk.database)
    lines = {each.message_id: each for each in evidence.about("PAT@home.example", 0.0)}
    assert set(lines) == {first, second}
    assert (lines[first].direction, lines[first].other) == ("came in from the person", "letters@trust.example")
    assert (lines[second].direction, lines[second].other) == ("came in for the person", "ward@nhs.example")
    assert (lines[first].sensitivity, lines[first].kept) == (None, True)
    assert [each.message_id for each in evidence.about("O'Neill_@trust.example", 0.0)] == [second]
    for wild in ("%@home.example", "p_t@home.example", "o'neillx@trust.example", '"', ""):
        assert evidence.about(wild, 0.0) == [], wild
    assert evidence.about("pat@home.example", START + 1) == []


async def test_who_wrote_it_is_known_while_its_content_is_kept(desk: Office) -> None:
    name = await bring(desk, 1, judged=True)
    await bring(desk, 2)
    evidence = ArrivalEvidence(desk.database)

    def found(address: str) -> list[str]:
        lines = evidence.written_by(address, 0.0, lambda name, sealed: opened(desk, name, sealed))
        return [each.message_id for each in lines]

    assert found("A@NHS.net") == [name]
    assert found("nobody@nhs.net") == []
    assert evidence.out_of_reach(0.0) == 1
    with desk.database.write() as connection:
        connection.execute(delete(content).where(content.c.message_id == name))
        connection.execute(update(arrival).where(arrival.c.id == name).values(data_key=None))
    assert found("a@nhs.net") == []
    assert evidence.out_of_reach(0.0) == 2


async def test_arrivals_and_releases_are_counted_within_the_period(desk: Office) -> None:
    first, second = await bring(desk, 1, judged=True), await bring(desk, 2, judged=True)
    desk.clock.at += 100
    for actor, kind, state, who in (
        ("ann", "QuarantineReleaseProposed", ArrivalState.QUARANTINED, ""),
        ("bob", "QuarantineReleased", ArrivalState.HANDING_OVER, "ann"),
    ):
        detail: dict[str, object] = {"reason": "known", "proposed_by": who}
        assert await desk.arrivals.change(ArrivalChange(first, QUARANTINED, state, None, kind, actor, detail))
    evidence, period = ArrivalEvidence(desk.database), Period(START, START + 200)
    counts = {each.words[2]: each.copies for each in evidence.arrivals(period)}
    assert counts == {"handing-over": 1, "quarantined": 1}
    decisions = evidence.decisions(period)
    assert [(each.actor, each.proposed_by, each.arrival_id) for each in decisions] == [
        ("ann", "", first),
        ("bob", "ann", first),
    ]
    assert second not in {each.arrival_id for each in decisions}
    assert evidence.arrivals(Period(START + 50, START + 200)) == []
    assert evidence.decisions(Period(START, START + 100)) == []
