"""One pure evaluator: refuse beats hold beats protect beats deliver, protection only accumulates, no route is refused.

Because only a route effect can open anything, adding any other rule can never weaken a decision (property-tested).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wardmail.model.decision import Decision, Outcome, Protection, RuleHit
from wardmail.model.refusal import Refusal
from wardmail.model.route import TlsLevel
from wardmail.policy.conditions import Always, Condition
from wardmail.policy.effects import Effect, Hold, Protect, Refuse, RequireTls, RouteByIntegration
from wardmail.policy.facts import Facts, Known, Missing

NO_ROUTE = Refusal(550, "5.7.1", "No route is open for this recipient", "WM-POLICY-NO-ROUTE", "no route rule matched")

NOT_FOR_BULK = Refusal(
    550,
    "5.7.1",
    "This is mass mail, which must not go by a mail service that people use; ask the mail team for a bulk route",
    "WM-BULK-USER-FACING",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the policy. `source` is the requirement that asks for it; `why` is shown to people."""

    id: str
    source: str
    when: Condition
    then: Effect
    why: str

    def sentence(self) -> str:
        return f"when {self.when.sentence()}, {self.then.sentence()}"


def evaluate(rules: Sequence[Rule], facts: Facts) -> Decision:
    """Decide one recipient's copy. A rule whose condition cannot be told counts as a hold, whatever its effect."""
    hits: list[Rule] = []
    untold: list[Rule] = []
    for rule in rules:
        answer = rule.when.holds(facts)
        if answer is None or (
            answer and isinstance(rule.then, RouteByIntegration) and isinstance(facts.route, Missing)
        ):
            untold.append(rule)
        elif answer:
            hits.append(rule)
    return _combine(hits, untold, facts)


def _combine(hits: list[Rule], untold: list[Rule], facts: Facts) -> Decision:
    refusing = [rule for rule in hits if isinstance(rule.then, Refuse)]
    holding = [rule for rule in hits if isinstance(rule.then, Hold) and not _is_released(rule.then, facts)]
    route = _route(hits, facts)
    tls = _tls_level(hits, facts)
    protections = frozenset(rule.then.protection for rule in hits if isinstance(rule.then, Protect))
    if refusing:
        return _refused(refusing, route, tls, protections)
    if _is_bulk(facts) and _is_user_facing(facts):
        # Not left to the rules: no set of them may let mass mail out this way (SEND-4).
        why = RuleHit("never-user-facing", "SEND-4", "it is mass mail, and the route is a mail service of people")
        return Decision(Outcome.REFUSE, None, tls, protections, (why,), NOT_FOR_BULK)
    if route is None and not any(isinstance(rule.then, RouteByIntegration) for rule in untold):
        return Decision(Outcome.REFUSE, None, tls, protections, (), NO_ROUTE)
    if _may_be_bulk(facts) and _is_user_facing(facts):
        untold = untold or [_UNTOLD_BULK]
    if holding or untold:
        urgent = facts.time_critical or any(isinstance(rule.then, Hold) and rule.then.urgent for rule in holding)
        because = _because(holding) + _because(untold, "cannot tell yet whether to: ")
        return Decision(Outcome.HOLD, route, tls, protections, because, urgent=urgent)
    outcome = Outcome.PROTECT if protections else Outcome.DELIVER
    return Decision(outcome, route, tls, protections, _because(hits), urgent=facts.time_critical)


def _refused(refusing: list[Rule], route: str | None, tls: TlsLevel, protections: frozenset[Protection]) -> Decision:
    """A permanent refusal wins over a temporary one: there is no point in trying again."""
    refusals = [rule.then.refusal for rule in refusing if isinstance(rule.then, Refuse)]
    refusal = next((refusal for refusal in refusals if not refusal.is_temporary), refusals[0])
    return Decision(Outcome.REFUSE, route, tls, protections, _because(refusing), refusal)


def _is_bulk(facts: Facts) -> bool:
    return isinstance(facts.bulk, Known) and facts.bulk.value


def _may_be_bulk(facts: Facts) -> bool:
    return isinstance(facts.bulk, Missing) or facts.bulk.value


def _is_user_facing(facts: Facts) -> bool:
    return isinstance(facts.route, Known) and facts.route.value.user_facing


_UNTOLD_BULK = Rule(
    "never-user-facing",
    "SEND-4",
    Always(),
    Hold(releasable=False),
    "it may be mass mail, which never goes by a mail service of people",
)


def _is_released(hold: Hold, facts: Facts) -> bool:
    if not hold.releasable or facts.released_by is None:
        return False
    return not hold.two_people or facts.seconded_by not in (None, facts.released_by)


def _route(hits: list[Rule], facts: Facts) -> str | None:
    if isinstance(facts.route, Missing) or not any(isinstance(rule.then, RouteByIntegration) for rule in hits):
        return None
    return facts.route.value.name


def _tls_level(hits: list[Rule], facts: Facts) -> TlsLevel:
    base = TlsLevel.VERIFIED if isinstance(facts.route, Missing) else facts.route.value.tls
    return max([base, *(rule.then.level for rule in hits if isinstance(rule.then, RequireTls))])


def _because(rules: Iterable[Rule], prefix: str = "") -> tuple[RuleHit, ...]:
    return tuple(RuleHit(rule.id, rule.source, prefix + rule.why) for rule in rules)
