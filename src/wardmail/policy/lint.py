"""Finds rules that cannot be meant: that never match, say the same twice, or stand without an example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wardmail.policy.codec import encode_part
from wardmail.policy.evaluate import Rule
from wardmail.policy.rules import BUILT_IN_RULES
from wardmail.policy.site_rules import SiteRule
from wardmail.policy.universe import worlds


@dataclass(frozen=True, slots=True)
class LintFinding:
    """`stops` when a version with it may not be put in force."""

    rule: str
    found: str
    to_do: str
    stops: bool = True


def lint(site: Sequence[SiteRule]) -> list[LintFinding]:
    found = []
    earlier: list[Rule] = list(BUILT_IN_RULES)
    for each in site:
        found.extend(_of_one(each))
        same = next((rule for rule in earlier if _says_the_same(rule, each.rule)), None)
        if same is not None:
            found.append(LintFinding(each.rule.id, f"it says the same as rule {same.id}", "Take one of them out."))
        earlier.append(each.rule)
    return found


def _of_one(each: SiteRule) -> list[LintFinding]:
    rule, found = each.rule, []
    answers = {rule.when.holds(facts) for facts in worlds(rule.when)}
    if True not in answers:
        found.append(LintFinding(rule.id, "it can never match: its conditions exclude one another", "Mend `when`."))
    elif answers == {True} and encode_part(rule.when) != {"always": True}:
        found.append(
            LintFinding(rule.id, "it always matches", "Write { always = true } if that is meant.", stops=False)
        )
    if not any(example.hits for example in each.examples):
        found.append(
            LintFinding(rule.id, "no example shows what it is for", "Add an [[rule.example]] that it must hit.")
        )
    return found


def _says_the_same(one: Rule, other: Rule) -> bool:
    return encode_part(one.when) == encode_part(other.when) and encode_part(one.then) == encode_part(other.then)
