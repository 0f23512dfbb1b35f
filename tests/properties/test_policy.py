"""Adding a rule that opens no route never weakens a decision (architecture section 6)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from wardmail.model.address import Address
from wardmail.model.classification import Sensitivity
from wardmail.model.decision import Decision, Outcome, Protection
from wardmail.model.integration import IntegrationState
from wardmail.model.refusal import Refusal
from wardmail.model.route import RouteKind, TlsLevel
from wardmail.model.standing import Profile, Standing, StandingAnswer
from wardmail.policy import conditions as c
from wardmail.policy import conditions_of_register as r
from wardmail.policy import conditions_of_traffic as t
from wardmail.policy import effects as e
from wardmail.policy.evaluate import Rule, evaluate
from wardmail.policy.facts import AgreementFacts, Cover, Facts, Known, Missing, RegisterFacts, RouteFacts
from wardmail.policy.rules import BUILT_IN_RULES

RANK = {Outcome.DELIVER: 0, Outcome.PROTECT: 1, Outcome.HOLD: 2, Outcome.REFUSE: 3}

simple = st.one_of(
    st.just(c.Always()),
    st.sampled_from(Sensitivity).map(c.SensitivityAtLeast),
    st.sampled_from(Standing).map(c.StandingIs),
    st.sampled_from(RouteKind).map(c.RouteKindIs),
    st.just(c.RouteIsAccredited()),
    st.just(c.RouteHasSecureTag()),
    st.just(c.IsTimeCritical()),
    st.just(c.RequiresTls()),
    st.just(c.IntegrationIsActive()),
    st.sampled_from(Cover).map(c.AgreementAllows),
    st.just(t.IsBulk()),
    st.just(t.RouteCarriesBulk()),
    st.just(t.RouteIsUserFacing()),
    st.just(t.IsSuppressed()),
    st.just(t.IntegrationIsPaused()),
    st.sampled_from(IntegrationState).map(r.IntegrationStateIs),
    st.just(r.RecipientIsOnTheTeam()),
    st.just(r.HasIamsReference()),
)
conditions = st.recursive(
    simple,
    lambda inner: st.one_of(
        inner.map(c.Not),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: c.AllOf(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: c.AnyOf(tuple(parts))),
    ),
    max_leaves=6,
)
closing = st.one_of(
    st.sampled_from([450, 550]).map(lambda code: e.Refuse(Refusal(code, f"{code // 100}.7.1", "no", "WM-TEST"))),
    st.builds(e.Hold, st.booleans(), st.booleans(), st.booleans()),
    st.just(e.Protect(Protection.SECURE_TAG)),
    st.sampled_from(TlsLevel).map(e.RequireTls),
)
closing_rules = st.builds(Rule, st.text("abc", min_size=1), st.just("TEST"), conditions, closing, st.just("why"))
any_rules = st.one_of(
    closing_rules,
    st.builds(Rule, st.just("route"), st.just("TEST"), conditions, st.just(e.RouteByIntegration()), st.just("why")),
)
standings = st.one_of(
    st.just(Missing("list unavailable")),
    st.sampled_from(Standing).map(lambda s: Known(StandingAnswer(s, Profile.GOVERNMENT, "r", "s"))),
)
routes = st.one_of(
    st.just(Missing("no such route")),
    st.builds(
        lambda *parts: Known(RouteFacts("relay", *parts)),
        st.sampled_from(RouteKind),
        st.booleans(),
        st.booleans(),
        st.sampled_from(TlsLevel),
        st.booleans(),
        st.booleans(),
    ),
)
told = st.one_of(st.booleans().map(Known), st.just(Missing("nobody answered")))
facts = st.builds(
    Facts,
    st.just("app"),
    st.booleans(),
    st.just(Address("a", "b.example")),
    st.sampled_from(Sensitivity),
    standings,
    routes,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "Dr Grey"]),
    st.sampled_from([None, "Dr Grey", "Dr White"]),
    st.one_of(
        st.just(Missing("register unavailable")),
        st.sampled_from(Cover).map(lambda cover: Known(AgreementFacts(cover, "with-b", "why"))),
    ),
    told,
    told,
    st.booleans(),
    st.builds(RegisterFacts, st.sampled_from(IntegrationState), st.booleans(), st.booleans()),
)


def is_weaker(after: Decision, before: Decision) -> bool:
    if RANK[after.outcome] != RANK[before.outcome]:
        return RANK[after.outcome] < RANK[before.outcome]
    return not (after.protections >= before.protections and after.tls >= before.tls)


@settings(max_examples=1500, deadline=None)
@given(st.lists(any_rules, max_size=8), closing_rules, st.integers(0, 8), facts)
def test_a_rule_that_opens_nothing_never_weakens(rules: list[Rule], extra: Rule, at: int, given_facts: Facts) -> None:
    before = evaluate(rules, given_facts)
    after = evaluate([*rules[:at], extra, *rules[at:]], given_facts)
    assert not is_weaker(after, before), (before, after)


@settings(max_examples=500, deadline=None)
@given(closing_rules, facts)
def test_nothing_weakens_the_built_in_rules(extra: Rule, given_facts: Facts) -> None:
    assert not is_weaker(evaluate([*BUILT_IN_RULES, extra], given_facts), evaluate(BUILT_IN_RULES, given_facts))


@settings(max_examples=500, deadline=None)
@given(facts)
def test_sensitive_mail_never_leaves_without_its_protection(given_facts: Facts) -> None:
    decision = evaluate(BUILT_IN_RULES, given_facts)
    if given_facts.sensitivity < Sensitivity.OFFICIAL_SENSITIVE or given_facts.released_by is not None:
        return
    if decision.outcome in (Outcome.DELIVER, Outcome.PROTECT):
        assert decision.tls is TlsLevel.VERIFIED
        assert isinstance(given_facts.standing, Known)
        assert isinstance(given_facts.route, Known)
        secure = given_facts.standing.value.standing is Standing.SECURE
        assert isinstance(given_facts.agreement, Known)
        agreed = given_facts.agreement.value.cover is Cover.VERIFIED_TLS
        assert secure or agreed or decision.protections == {Protection.SECURE_TAG}
        assert given_facts.route.value.accredited or given_facts.route.value.kind is RouteKind.SANDBOX


@settings(max_examples=1500, deadline=None)
@given(st.lists(any_rules, max_size=8), facts)
def test_no_set_of_rules_lets_mass_mail_out_by_a_users_route(rules: list[Rule], given_facts: Facts) -> None:
    for policy in (rules, [*rules, *BUILT_IN_RULES]):
        if evaluate(policy, given_facts).outcome in (Outcome.DELIVER, Outcome.PROTECT):
            assert isinstance(given_facts.route, Known)
            assert not given_facts.route.value.user_facing or given_facts.bulk == Known(False)


@settings(max_examples=500, deadline=None)
@given(facts)
def test_what_matters_is_never_refused_for_the_suppression_list_alone(given_facts: Facts) -> None:
    decision = evaluate(BUILT_IN_RULES, given_facts)
    if given_facts.sensitivity >= Sensitivity.OFFICIAL_SENSITIVE or given_facts.time_critical:
        assert decision.refusal is None or decision.refusal.error != "WM-SUPPRESSED"


@settings(max_examples=300, deadline=None)
@given(st.lists(closing_rules, max_size=8), facts)
def test_without_a_route_rule_nothing_leaves(rules: list[Rule], given_facts: Facts) -> None:
    assert evaluate(rules, given_facts).outcome in (Outcome.HOLD, Outcome.REFUSE)


def test_an_empty_condition_is_a_mistake() -> None:
    for combination in (c.AllOf, c.AnyOf):
        try:
            combination(())
        except ValueError:
            continue
        raise AssertionError(f"{combination.__name__}(()) was taken")


def test_every_built_in_rule_names_its_source_and_can_say_itself() -> None:
    assert len({rule.id for rule in BUILT_IN_RULES}) == len(BUILT_IN_RULES)
    for rule in BUILT_IN_RULES:
        assert rule.source.split("-")[0] in {"SEND", "SEC", "SHARE", "RECV", "CLOUD"}
        assert rule.sentence().startswith("when ")
