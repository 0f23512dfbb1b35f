"""Lint: rules that can never match, that repeat another, or that nobody gave an example for."""

from __future__ import annotations

from typing import Any

import pytest

from wardmail.policy.changes import Change, decision_change, rule_changes
from wardmail.policy.facts_codec import facts_from
from wardmail.policy.lint import lint
from wardmail.policy.site_rules import read_rows, rules_in_force
from wardmail.policy.universe import worlds


def _row(when: dict[str, Any], **more: Any) -> dict[str, Any]:
    example = [{"recipient": "a@b.example"}]
    row = {"id": "site", "source": "LOCAL", "why": "it is so", "when": when, "then": {"hold": True}, "example": example}
    return row | more


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"standing-is": "secure"}, {"standing-is": "unknown"}]},
        {"all": [{"is-time-critical": True}, {"not": {"is-time-critical": True}}]},
        {"all": [{"recipient-is": "a@b.example"}, {"recipient-is-at": "c.example"}]},
        {"all": [{"integration-is": "one"}, {"integration-is": "two"}]},
        {"all": [{"route-kind-is": "nhsmail"}, {"any": [{"route-kind-is": "direct"}, {"route-kind-is": "sandbox"}]}]},
        {"not": {"always": True}},
    ],
)
def test_a_rule_that_can_never_match_is_found(when: dict[str, Any]) -> None:
    (finding,) = lint(read_rows([_row(when)]))
    assert "never match" in finding.found
    assert finding.stops


@pytest.mark.parametrize(
    "when",
    [
        {"always": True},
        {"all": [{"recipient-is": "A@b.example"}, {"recipient-is-at": "b.example"}]},
        {"all": [{"sensitivity-at-least": "secret"}, {"standing-is": "secure"}, {"is-time-critical": True}]},
        {"all": [{"integration-is": "one"}, {"not": {"route-is-accredited": True}}]},
        {"any": [{"recipient-is-at": "*.nhs.uk"}, {"requires-tls": True}]},
    ],
)
def test_a_rule_that_can_match_passes(when: dict[str, Any]) -> None:
    assert lint(read_rows([_row(when)])) == []


def test_a_rule_that_always_matches_is_pointed_out() -> None:
    (finding,) = lint(read_rows([_row({"any": [{"is-time-critical": True}, {"not": {"is-time-critical": True}}]})]))
    assert "always matches" in finding.found
    assert not finding.stops


def test_repetition_and_a_missing_example_are_found() -> None:
    once = _row({"requires-tls": True})
    again = _row({"requires-tls": True}, id="again", example=[{"recipient": "a@b.example", "hits": False}])
    found = {(each.rule, each.found) for each in lint(read_rows([once, again]))}
    assert ("again", "it says the same as rule site") in found
    assert ("again", "no example shows what it is for") in found


def test_worlds_cover_what_a_condition_can_tell_apart() -> None:
    rules = read_rows([_row({"all": [{"standing-is": "secure"}, {"recipient-is-at": "*.nhs.uk"}]})])
    condition = rules[0].rule.when
    answers = {condition.holds(facts) for facts in worlds(condition)}
    assert answers == {True, False, None}


def test_what_differs_is_named_rule_by_rule() -> None:
    old = read_rows([_row({"always": True}), _row({"requires-tls": True}, id="gone")])
    new = read_rows([_row({"is-time-critical": True}), _row({"requires-tls": True}, id="fresh")])
    changes = {each.rule: each.change for each in rule_changes(old, new)}
    assert changes == {"site": Change.CHANGED, "gone": Change.REMOVED, "fresh": Change.ADDED}
    assert rule_changes(old, old) == []


def test_a_copy_that_fares_the_same_is_no_change() -> None:
    before = rules_in_force(())
    after = rules_in_force(read_rows([_row({"recipient-is-at": "b.example"})]))
    assert decision_change(before, after, facts_from({"recipient": "a@c.example"})) is None
    change = decision_change(before, after, facts_from({"recipient": "a@b.example"}))
    assert change is not None
    assert change.because == ("site",)
