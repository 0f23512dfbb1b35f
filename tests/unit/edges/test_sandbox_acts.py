"""What the sandbox plays: for an address that simulates it always, for all others when somebody chose it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.journeys.courier_kit import consignment

from wardmail.edges.sandbox_acts import ACTS, SIMULATORS, WELL, Stage, play
from wardmail.edges.sandbox_courier import SandboxCourier
from wardmail.model.delivery import AttemptOutcome, Deferred, Delivered, Failed, HandedOn
from wardmail.model.route import Route, RouteKind

ROUTE = Route("sandbox", RouteKind.SANDBOX)


async def outcomes(directory: Path, *to: str) -> list[AttemptOutcome]:
    return [each.outcome for each in await SandboxCourier(directory).deliver(consignment(*to), ROUTE)]


async def test_what_is_chosen_is_played_for_everybody_until_all_is_well_again(tmp_path: Path) -> None:
    Stage(tmp_path).choose("certificate-expired")
    (failed,) = await outcomes(tmp_path, "clinic@leeds.nhs.uk")
    assert isinstance(failed, Deferred)
    assert "certificate has expired" in failed.why
    assert not failed.counts
    Stage(tmp_path).choose(WELL)
    assert [type(each) for each in await outcomes(tmp_path, "clinic@leeds.nhs.uk")] == [Delivered]


async def test_an_address_that_simulates_does_so_whatever_is_chosen(tmp_path: Path) -> None:
    Stage(tmp_path).choose("handed-on")
    found = await outcomes(tmp_path, "virus@sandbox.invalid", "anybody@leeds.nhs.uk", "relay@sandbox.invalid")
    assert [type(each) for each in found] == [Failed, HandedOn, HandedOn]
    assert len(list((tmp_path / "new").iterdir())) == 2


@pytest.mark.parametrize("name", [name for name, act in ACTS.items() if not act.seconds])
async def test_every_act_has_words_and_an_outcome(name: str) -> None:
    recipient = consignment("a@leeds.nhs.uk").recipients[0]
    assert await play(recipient, name) == ACTS[name].outcome
    assert ACTS[name].words[0].isupper()


def test_every_simulator_plays_something_that_there_is() -> None:
    assert set(SIMULATORS.values()) <= set(ACTS)


@pytest.mark.parametrize("written", [b"", b"nonsense\n", b"\xff\xfe", b"../../etc/passwd"])
def test_a_word_that_is_no_act_plays_nothing(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "act").write_bytes(written)
    assert Stage(tmp_path).current() == WELL


def test_nothing_else_can_be_chosen(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.choose("slow")
    with pytest.raises(ValueError, match="nonsense"):
        stage.choose("nonsense")
    assert stage.current() == "slow"
