"""The tree of an SPF record: what it costs, what is wrong in it, and that no record makes it endless."""

from __future__ import annotations

import pytest
from tests.zones import Zone, ask

from wardmail.model.own_domain import SpfTerm
from wardmail.posture.spf_tree import TOO_MUCH, spf_tree


def tree(**records: str) -> list[SpfTerm]:
    names = {
        name.replace("_", "."): ["TIMEOUT" if text == "TIMEOUT" else {"TXT": text}] for name, text in records.items()
    }
    return ask(spf_tree("a.example"), Zone(names))


def test_each_term_says_what_it_costs_with_all_below_it() -> None:
    found = tree(
        a_example="v=spf1 include:b.example mx ip4:192.0.2.1 -all",
        b_example="v=spf1 a exists:%{i}.c.example redirect=c.example",
        c_example="v=spf1 -all",
    )
    assert [(each.depth, each.term, each.lookups) for each in found] == [
        (0, "a.example", 5),
        (1, "include:b.example", 4),
        (2, "a", 1),
        (2, "exists:%{i}.c.example", 1),
        (2, "redirect=c.example", 1),
        (3, "-all", 0),
        (1, "mx", 1),
        (1, "ip4:192.0.2.1/32", 0),
        (1, "-all", 0),
    ]


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ({}, "there is no SPF record"),
        ({"a_example": "v=spf1 nonsense:x"}, "nonsense is no mechanism"),
        ({"a_example": "TIMEOUT"}, "the DNS does not answer"),
    ],
)
def test_what_is_wrong_with_the_record_is_said(records: dict[str, str], problem: str) -> None:
    (root,) = tree(**records)
    assert problem in root.problem


def test_what_an_include_lacks_stands_beside_it() -> None:
    found = tree(a_example="v=spf1 include:gone.example ~all")
    assert found[1] == SpfTerm(1, "include:gone.example", 1, "there is no SPF record")


def test_a_record_that_includes_itself_ends() -> None:
    found = tree(a_example=f"v=spf1 {'include:a.example ' * 12}-all")
    assert len(found) <= 71
    assert found[0].lookups > 10
    assert found[0].problem == TOO_MUCH


def test_names_are_asked_once() -> None:
    zone = Zone(
        {
            "a.example": [{"TXT": "v=spf1 include:b.example include:b.example -all"}],
            "b.example": [{"TXT": "v=spf1 a -all"}],
        }
    )
    found = ask(spf_tree("a.example"), zone)
    assert found[0].lookups == 4
    assert [each.name for each in zone.asked] == ["a.example", "b.example"]


def test_many_addresses_are_no_fault_and_are_all_counted() -> None:
    addresses = " ".join(f"ip4:192.0.2.{number}" for number in range(250))
    found = tree(a_example=f"v=spf1 {addresses} include:b.example -all", b_example="v=spf1 mx -all")
    assert (len(found), found[0].lookups, found[0].problem) == (255, 2, "")


@pytest.mark.parametrize("record", ["mx " * 61, "include:b.example " * 61, "include:b.example include:c.example"])
def test_what_is_too_long_to_walk_is_said(record: str) -> None:
    addresses = " ".join(f"ip4:192.0.2.{number}" for number in range(255))
    found = tree(a_example=f"v=spf1 {record} -all", b_example=f"v=spf1 {addresses}", c_example=f"v=spf1 {addresses}")
    assert found[0].problem == TOO_MUCH
    assert len(found) <= 501
