"""A site's own rules with the examples that each must hit: read, written, and tried on the examples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wardmail.model.decision import Outcome
from wardmail.policy.codec import BadRow, decode_rules, encode_rule
from wardmail.policy.evaluate import Rule, evaluate
from wardmail.policy.facts import Facts
from wardmail.policy.facts_codec import facts_from
from wardmail.policy.rules import BUILT_IN_RULES

MOST_EXAMPLES = 20
LARGEST = 256 * 1024
"""Characters that the rows of one version may have."""


@dataclass(frozen=True, slots=True)
class Example:
    """Facts that somebody thought of. `hits`: must this rule speak? `outcome`: what the whole policy must come to."""

    facts: Facts
    hits: bool
    outcome: Outcome | None
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SiteRule:
    rule: Rule
    examples: tuple[Example, ...]


def read_rows(rows: Sequence[Any]) -> tuple[SiteRule, ...]:
    """Raises BadRow. A name that a built-in rule has is taken."""
    rules = decode_rules(rows)
    taken = {rule.id for rule in BUILT_IN_RULES}
    for rule in rules:
        if rule.id in taken:
            raise BadRow(f"rule {rule.id}: a built-in rule has that name.")
    return tuple(SiteRule(rule, _examples(rule.id, row)) for rule, row in zip(rules, rows, strict=True))


def read_text(text: str) -> tuple[SiteRule, ...]:
    """The JSON that a version keeps. Raises BadRow."""
    if len(text) > LARGEST:
        raise BadRow(f"the rules have {len(text)} characters; {LARGEST} is the most.")
    return read_rows(json.loads(text))


def write_rows(rules: Sequence[SiteRule]) -> list[dict[str, Any]]:
    """Plain data for JSON or TOML."""
    return [
        encode_rule(each.rule) | ({"example": [dict(e.row) for e in each.examples]} if each.examples else {})
        for each in rules
    ]


def rules_in_force(site: Sequence[SiteRule]) -> tuple[Rule, ...]:
    """The built-in rules always, and the site's own: which can only tighten, because none of them opens a route."""
    return (*BUILT_IN_RULES, *(each.rule for each in site))


def failed_examples(site: Sequence[SiteRule]) -> list[str]:
    """A sentence for each example that does not come out as its rule says."""
    rules = rules_in_force(site)
    found = []
    for each in site:
        for number, example in enumerate(each.examples, 1):
            where = f"rule {each.rule.id}, example {number}"
            said = each.rule.when.holds(example.facts)
            if said is not example.hits:
                words = {True: "it hits", False: "it does not hit", None: "it cannot be told"}
                found.append(f"{where}: {words[said]}, and should {'hit' if example.hits else 'not hit'}.")
            outcome = evaluate(rules, example.facts).outcome
            if example.outcome is not None and outcome is not example.outcome:
                found.append(f"{where}: the whole policy says {outcome.value}, and should say {example.outcome.value}.")
    return found


def _examples(name: str, row: Mapping[str, Any]) -> tuple[Example, ...]:
    given = row.get("example", [])
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_EXAMPLES:
        raise BadRow(f"rule {name}: its examples must be a list of at most {MOST_EXAMPLES}.")
    return tuple(_example(each, f"rule {name}, example {number}") for number, each in enumerate(given, 1))


def _example(row: Any, where: str) -> Example:
    if not isinstance(row, Mapping) or not isinstance(row.get("hits", True), bool):
        raise BadRow(f"{where}: it must be a table; hits is true or false.")
    outcome = row.get("outcome")
    if outcome is not None and outcome not in {each.value for each in Outcome}:
        raise BadRow(f"{where}: outcome is one of {', '.join(each.value for each in Outcome)}.")
    try:
        facts = facts_from({name: value for name, value in row.items() if name not in {"hits", "outcome"}})
    except BadRow as error:
        raise BadRow(f"{where}: {error}") from error
    return Example(facts, row.get("hits", True), Outcome(outcome) if outcome else None, row)
