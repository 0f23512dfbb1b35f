"""Stage 5: facts about each recipient's copy, judged by the policy core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from wardmail.model.address import Address
from wardmail.model.classification import Sensitivity
from wardmail.model.decision import Decision
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.refusal import Unavailable
from wardmail.model.route import Route, TlsLevel
from wardmail.model.standing import StandingAnswer
from wardmail.model.traffic import Phase
from wardmail.outbound.register_view import RegisterView
from wardmail.policy.evaluate import Rule, evaluate
from wardmail.policy.facts import Fact, Facts, Known, Missing, RegisterFacts, RouteFacts


def gather_facts(
    register: RegisterView,
    integration: Integration,
    recipient: Address,
    sensitivity: Sensitivity,
    *,
    time_critical: bool = False,
    require_tls: bool = False,
    deciders: Sequence[str] = (),
) -> Facts:
    """Ask the register what it knows about one recipient; what it cannot tell is Missing.

    `deciders`: who releases a held copy, and who had proposed it before.
    """
    released_by, seconded_by = (*deciders, None, None)[:2]
    state = register.state_of(integration)
    return Facts(
        integration=integration.id,
        integration_active=state is not IntegrationState.SUSPENDED,
        recipient=recipient,
        sensitivity=sensitivity,
        standing=_standing(register, integration, recipient),
        route=_route(register, integration.route),
        time_critical=time_critical,
        require_tls=require_tls,
        released_by=released_by,
        seconded_by=seconded_by,
        agreement=register.cover(integration.id, recipient, sensitivity),
        register=RegisterFacts(
            state, is_on_the_team(integration, recipient), integration.registration.iams is not None
        ),
    )


def is_on_the_team(integration: Integration, recipient: Address) -> bool:
    return str(recipient).lower() in integration.registration.team_recipients


def with_bulk(register: RegisterView, integration: Integration, facts: Facts, bulk: Fact[bool]) -> Facts:
    """Mass mail takes another way (SEND-4)."""
    return replace(facts, bulk=bulk, route=_route(register, route_for(integration, bulk)))


def with_traffic(register: RegisterView, integration: Integration, facts: Facts) -> Facts:
    """What stands against the mail of this integration, or to this recipient (SEND-3).

    It is not asked at the door, where nobody knows yet how much the message matters; nor when a person lets it go.
    """
    suppressed = register.suppression(integration.id, facts.recipient) is not None
    paused = register.phase(integration.id) is Phase.OPEN
    return replace(facts, suppressed=Known(suppressed), paused=paused) if suppressed or paused else facts


def decide(rules: Sequence[Rule], facts: Facts) -> Decision:
    return evaluate(rules, facts)


def route_facts(route: Route, today: date) -> RouteFacts:
    """An accreditation counts up to and including its last day."""
    accredited = route.accreditation is not None and route.accreditation.expires >= today
    tls = TlsLevel(route.tls)
    return RouteFacts(
        route.name, route.kind, accredited, bool(route.secure_tag), tls, route.is_user_facing, route.carries_bulk
    )


def route_for(integration: Integration, bulk: Fact[bool]) -> str:
    """The way that a copy would take: mass mail by the bulk route where there is one (SEND-4)."""
    is_bulk = isinstance(bulk, Known) and bulk.value
    return integration.traffic.bulk_route or integration.route if is_bulk else integration.route


def _standing(register: RegisterView, integration: Integration, recipient: Address) -> Fact[StandingAnswer]:
    try:
        return Known(register.standing(integration.profile, recipient.domain))
    except Unavailable as error:
        return Missing(str(error))


def _route(register: RegisterView, name: str) -> Fact[RouteFacts]:
    route = register.snapshot.routes.get(name)
    if route is None:
        return Missing(f"route {name} is not in the register")
    return Known(route_facts(route, register.today()))
