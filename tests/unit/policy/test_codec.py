"""Rules as rows: what is written is read back, and what nobody can have meant is told with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.test_policy import closing_rules, conditions, facts

from wardmail.model.address import Address
from wardmail.model.decision import Outcome
from wardmail.policy import conditions as c
from wardmail.policy import conditions as condition_module
from wardmail.policy import effects as effect_module
from wardmail.policy.codec import DEEPEST, BadRow, decode_rule, decode_rules, encode_part, encode_rule
from wardmail.policy.conditions import Condition
from wardmail.policy.evaluate import Rule, evaluate
from wardmail.policy.facts import Facts
from wardmail.policy.facts_codec import facts_from, facts_from_text, facts_text
from wardmail.policy.rules import BUILT_IN_RULES
from wardmail.policy.site_rules import failed_examples, read_rows, rules_in_force, write_rows
from wardmail.policy.vocabulary import CONDITIONS, EFFECTS

GOOD: dict[str, Any] = {
    "id": "no-webmail",
    "source": "LOCAL-1",
    "why": "letters do not go to webmail",
    "when": {"recipient-is-at": "*.webmail.example"},
    "then": {"hold": True},
}


@settings(max_examples=300, deadline=None)
@given(conditions)
def test_a_condition_is_read_back(condition: Condition) -> None:
    row = json.loads(json.dumps({**GOOD, "when": encode_part(condition)}))
    assert decode_rule(row, "").when == condition


@settings(max_examples=200, deadline=None)
@given(closing_rules)
def test_a_rule_is_read_back_with_its_effect(rule: Rule) -> None:
    named = Rule("r", rule.source, rule.when, rule.then, rule.why)
    row = json.loads(json.dumps(encode_rule(named)))
    assert decode_rule(row, "") == named


@settings(max_examples=300, deadline=None)
@given(facts)
def test_facts_are_read_back_and_decide_alike(known: Facts) -> None:
    back = facts_from_text(facts_text(known), known.recipient)
    assert evaluate(BUILT_IN_RULES, back).outcome is evaluate(BUILT_IN_RULES, known).outcome
    assert back.recipient == known.recipient
    assert back.sensitivity is known.sensitivity


def test_every_condition_and_effect_can_be_written() -> None:
    for module, kinds, method in ((condition_module, CONDITIONS, "holds"), (effect_module, EFFECTS, "sentence")):
        found = {
            value
            for value in vars(module).values()
            if isinstance(value, type) and hasattr(value, method) and value.__name__ not in {"Condition"}
        }
        own = {kind for kind in found if kind.__module__ == module.__name__}
        assert own <= set(kinds)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": "No Webmail"}, "id must be"),
        ({"id": None}, "id must be"),
        ({"why": ""}, "why"),
        ({"source": "x" * 501}, "source"),
        ({"why": "two\nlines"}, "why"),
        ({"extra": 1}, "'extra' is no field"),
        ({"when": {}}, "one name"),
        ({"when": {"always": False}}, "write true"),
        ({"when": {"always": True, "is-time-critical": True}}, "one name"),
        ({"when": {"allways": True}}, "no condition 'allways'"),
        ({"when": {"all": []}}, "not empty"),
        ({"when": {"all": "always"}}, "not empty"),
        ({"when": {"sensitivity-at-least": "top"}}, "none of official"),
        ({"when": {"sensitivity-at-least": 2}}, "none of official"),
        ({"when": {"recipient-is": 7}}, "text of one line"),
        ({"then": {"release": True}}, "no effect"),
        ({"then": {"hold": {"urgent": "yes"}}}, "no bool"),
        ({"then": {"hold": {"quick": True}}}, "'quick' is unknown"),
        ({"then": {"route-by-integration": True}}, "may not open a route"),
        ({"then": {"refuse": {"code": 550}}}, "is missing"),
        ({"then": {"refuse": {"code": 250, "status": "2.0.0", "public": "ok", "error": "WM-SITE"}}}, "code is 450"),
        ({"then": {"refuse": {"code": 450, "status": "5.7.1", "public": "no", "error": "WM-SITE"}}}, "begin alike"),
        (
            {"then": {"refuse": {"code": 550, "status": "5.7.1", "public": "n\u00f6", "error": "WM-SITE"}}},
            "plain ASCII",
        ),
        ({"then": {"refuse": {"code": 550, "status": "5.7.1", "public": "no", "error": "x"}}}, "begin alike"),
    ],
)
def test_what_cannot_be_meant_is_told(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRow, match=why):
        decode_rules([{**GOOD, **changes}])


def test_depth_and_number_have_budgets() -> None:
    deep: Any = {"always": True}
    for _ in range(DEEPEST + 1):
        deep = {"not": deep}
    with pytest.raises(BadRow, match="too many"):
        decode_rule({**GOOD, "when": deep}, "")
    wide = {"any": [{"is-time-critical": True}] * 3000}
    with pytest.raises(BadRow, match="too many"):
        decode_rule({**GOOD, "when": wide}, "")
    with pytest.raises(BadRow, match="is the most"):
        decode_rules([{**GOOD, "id": f"r{n}"} for n in range(501)])
    with pytest.raises(BadRow, match="two of that name"):
        decode_rules([GOOD, GOOD])


def test_a_built_in_name_is_taken() -> None:
    with pytest.raises(BadRow, match="built-in"):
        read_rows([{**GOOD, "id": "secret"}])


def test_examples_are_tried_alone_and_with_the_whole_policy() -> None:
    rows = [
        {
            **GOOD,
            "example": [
                {"recipient": "a@b.webmail.example", "outcome": "hold"},
                {"recipient": "a@webmail.example", "hits": False},
                {"recipient": "a@nhs.net"},
                {"recipient": "a@c.webmail.example", "sensitivity": "secret", "outcome": "hold"},
            ],
        }
    ]
    site = read_rows(rows)
    assert write_rows(site) == rows
    failures = failed_examples(site)
    assert len(failures) == 2
    assert "example 3: it does not hit, and should hit" in failures[0]
    assert "example 4: the whole policy says refuse" in failures[1]


@pytest.mark.parametrize(
    ("example", "why"),
    [
        ({"recipient": "nobody"}, "no address"),
        ({"colour": "red"}, "there is no 'colour'"),
        ({"hits": "yes"}, "true or false"),
        ({"outcome": "vanish"}, "outcome is one of"),
        ({"route": {"kind": "pigeon"}}, "none of"),
        ({"time_critical": "yes"}, "no bool"),
        ("x", "must be a table"),
    ],
)
def test_examples_that_cannot_be_read(example: object, why: str) -> None:
    with pytest.raises(BadRow, match=why):
        read_rows([{**GOOD, "example": [example]}])


def test_a_missing_fact_can_be_an_example() -> None:
    row = {**GOOD, "when": {"standing-is": "secure"}, "example": [{"standing": "cannot tell", "outcome": "hold"}]}
    failures = failed_examples(read_rows([row]))
    assert failures == ["rule no-webmail, example 1: it cannot be told, and should hit."]


def test_wildcards_match_whole_labels_below() -> None:
    at = c.RecipientIsAt("*.nhs.uk")
    base = facts_from({})
    for domain, expected in (("a.nhs.uk", True), ("nhs.uk", False), ("evilnhs.uk", False), ("a.b.nhs.uk", True)):
        assert at.holds(facts_from({"recipient": f"x@{domain}"}, base)) is expected


@settings(max_examples=300, deadline=None)
@given(st.lists(closing_rules, max_size=4), facts)
def test_site_rules_only_tighten(rules: list[Rule], known: Facts) -> None:
    site = read_rows([{**encode_rule(rule), "id": f"site-{n}"} for n, rule in enumerate(rules)])
    rank = [Outcome.DELIVER, Outcome.PROTECT, Outcome.HOLD, Outcome.REFUSE]
    before, after = evaluate(BUILT_IN_RULES, known), evaluate(rules_in_force(site), known)
    assert rank.index(after.outcome) >= rank.index(before.outcome)


def test_an_address_without_a_local_part_is_none() -> None:
    assert facts_from({"recipient": "a@B.example"}).recipient == Address("a", "b.example")
