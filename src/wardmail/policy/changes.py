"""What differs between two policies: rule by rule, and in what becomes of a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.decision import Decision
from wardmail.policy.evaluate import Rule, evaluate
from wardmail.policy.facts import Facts
from wardmail.policy.site_rules import SiteRule


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that differs; `before` and `after` are its sentences, empty where there is none."""

    rule: str
    change: Change
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """One copy that would fare differently; `because` is the rules that speak now and did not before."""

    before: Decision
    after: Decision
    because: tuple[str, ...]


def rule_changes(before: Sequence[SiteRule], after: Sequence[SiteRule]) -> list[RuleChange]:
    old, new = ({each.rule.id: each for each in rules} for rules in (before, after))
    found = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            found.append(RuleChange(name, Change.REMOVED, old[name].rule.sentence(), ""))
        elif name not in old:
            found.append(RuleChange(name, Change.ADDED, "", new[name].rule.sentence()))
        elif old[name] != new[name]:
            found.append(RuleChange(name, Change.CHANGED, old[name].rule.sentence(), new[name].rule.sentence()))
    return found


def decision_change(before: Sequence[Rule], after: Sequence[Rule], facts: Facts) -> DecisionChange | None:
    """None when this copy fares the same: outcome, route, required TLS, protections and alarm."""
    was, would = evaluate(before, facts), evaluate(after, facts)
    if _fate(was) == _fate(would):
        return None
    spoke = {hit.rule for hit in was.because}
    return DecisionChange(was, would, tuple(hit.rule for hit in would.because if hit.rule not in spoke))


def _fate(decision: Decision) -> tuple[object, ...]:
    refused = decision.refusal.code if decision.refusal else None
    return decision.outcome, decision.route, decision.tls, decision.protections, decision.urgent, refused
