"""SPF where the published cases say nothing: names that a hostile sender chooses, and numbers that cannot be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.zones import Zone, ask

from wardmail.posture.spf import check_spf
from wardmail.posture.spf_record import BadRecord, parse_spf

SENDER = "sender.example"


def judged(record: str, local: str, names: Mapping[str, object] | None = None) -> tuple[str, Zone]:
    zone = Zone({SENDER: [{"TXT": record}]} | {name: [each] for name, each in (names or {}).items()})
    return ask(check_spf("192.0.2.1", "mx.example", f"{local}@{SENDER}"), zone).verdict.value, zone


@pytest.mark.parametrize("term", ["exists:%{l}.x.example", "a:%{s}.x.example", "include:%{L}.x.example"])
def test_a_local_part_that_no_name_can_hold_matches_nothing(term: str) -> None:
    """RFC 8616 section 4."""
    verdict, zone = judged(f"v=spf1 -{term} ~all", "übel")
    assert verdict == "softfail"
    assert [each.name for each in zone.asked] == [SENDER]
    assert judged(f"v=spf1 redirect={term.partition(':')[2]}", "übel")[0] == "neutral"
    assert judged("v=spf1 -all", "übel")[0] == "fail"


def test_a_backslash_of_the_sender_begins_no_escape() -> None:
    _, zone = judged("v=spf1 exists:%{l}.x.example -all", r"a\.b")
    assert zone.asked[-1].name == r"a\\.b.x.example"


@pytest.mark.parametrize("macro", ["%{d0}", "%{d00r}", "%{l0-}"])
def test_nought_labels_are_no_name(macro: str) -> None:
    """RFC 7208 section 7.3: the value must be nonzero."""
    with pytest.raises(BadRecord):
        parse_spf(f"v=spf1 exists:{macro}.x.example")


@pytest.mark.parametrize("macro", ["%{d1}", "%{d10}", "%{d01}"])
def test_other_numbers_are_read(macro: str) -> None:
    assert parse_spf(f"v=spf1 exists:{macro}.x.example").mechanisms
