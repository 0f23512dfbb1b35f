"""Says a decision in words that a person can repeat, from the same rules that made it."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.model.decision import Decision, Outcome
from wardmail.model.route import TlsLevel
from wardmail.policy.evaluate import Rule

_TLS_WORDS = {
    TlsLevel.NONE: "TLS when it is offered",
    TlsLevel.ENCRYPTED: "required TLS",
    TlsLevel.VERIFIED: "required TLS, name verified",
}


def headline(decision: Decision) -> str:
    """One line: what happens to this copy."""
    match decision.outcome:
        case Outcome.DELIVER:
            return f"Send by route {decision.route} with {_TLS_WORDS[decision.tls]}"
        case Outcome.PROTECT:
            kinds = ", ".join(sorted(protection.value for protection in decision.protections))
            return f"Send by route {decision.route} with {_TLS_WORDS[decision.tls]}, protected by {kinds}"
        case Outcome.HOLD:
            return "Hold for a person, at once" if decision.urgent else "Hold for a person"
        case Outcome.REFUSE:
            return "Refuse"


def explain(decision: Decision) -> tuple[str, ...]:
    """The headline, then one line for each rule that spoke, with the requirement behind it."""
    lines = [f"{hit.sentence} (rule {hit.rule}, {hit.source})" for hit in decision.because]
    if decision.refusal is not None and not decision.because:
        lines.append(decision.refusal.public)
    return (headline(decision), *lines)


def recite(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The whole policy, one sentence a rule, in the order in which it is read."""
    return tuple(f"{rule.id} ({rule.source}): {rule.sentence()}" for rule in rules)
