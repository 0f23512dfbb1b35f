"""What is checked again before each attempt; a guard can hold back what was decided, never let out more. Pure."""

from __future__ import annotations

from datetime import date
from enum import Enum

from wardmail.model.consignment import Consignment
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.register import RegisterSnapshot
from wardmail.model.route import Route, RouteKind
from wardmail.model.stored import Charge
from wardmail.model.traffic import Phase


class Guard(Enum):
    """GO, WAIT (nothing is wrong with the message), or why a person must look at it now."""

    GO = ""
    WAIT = "the route is paused or missing"
    SUSPENDED = "the integration was suspended after the message was accepted"
    NOT_FOR_BULK = "it is mass mail, and its route has become a mail service of people since it was accepted"
    CLOSED = "the integration is a draft or retired"
    OVERDUE = "the integration's record is overdue: mend it, or have an override approved; then release"
    TEST = "it came with a test credential, and its route has ceased to be a sandbox since it was accepted"
    TRIAL = "the integration is in its trial, and a recipient is not one of its named team"
    NOT_ACCREDITED = "it is sensitive, and the route's DCB1596 accreditation has ended since it was accepted"


def pause_of(consignment: Consignment, snapshot: RegisterSnapshot, now: float) -> float | Charge | None:
    """Until when the integration's circuit breaker stands in the way (SEND-3), or what a copy sent on trial costs."""
    breaker = snapshot.breakers.get(consignment.integration_id)
    integration = snapshot.integrations.get(consignment.integration_id)
    if breaker is None or integration is None:
        return None
    match breaker.phase(now):
        case Phase.CLOSED:
            return None
        case Phase.OPEN:
            return breaker.until
        case Phase.TRIAL:
            key, most = (
                f"trial:{consignment.integration_id}:{breaker.number}",
                integration.traffic.breaker.trial_messages,
            )
            return Charge(key, 1, most, 3600)


_STOPPED = {
    IntegrationState.DRAFT: Guard.CLOSED,
    IntegrationState.RETIRED: Guard.CLOSED,
    IntegrationState.SUSPENDED: Guard.SUSPENDED,
    IntegrationState.DUE: Guard.OVERDUE,
    IntegrationState.LAPSED: Guard.OVERDUE,
}


def check(
    consignment: Consignment,
    route: Route | None,
    integration: Integration | None,
    state: IntegrationState | None,
    today: date,
    *,
    is_test: bool = False,
) -> Guard:
    """What changed while a message waited counts: the record (RECV-8), the accreditation (SEC-2), the route (SEND-4).

    `state` is the integration's today; there is none for what the gateway itself has to say.
    """
    if route is None or route.paused:
        return Guard.WAIT
    if is_test and route.kind is not RouteKind.SANDBOX:
        return Guard.TEST
    if state in _STOPPED:
        return _STOPPED[state]
    if (
        integration is not None
        and state is IntegrationState.TRIAL
        and not _may_in_trial(consignment, route, integration)
    ):
        return Guard.TRIAL
    if consignment.bulk and route.is_user_facing:
        return Guard.NOT_FOR_BULK
    if consignment.sensitive and route.kind is not RouteKind.SANDBOX:
        in_date = route.accreditation is not None and route.accreditation.expires >= today
        return Guard.GO if in_date else Guard.NOT_ACCREDITED
    return Guard.GO


def _may_in_trial(consignment: Consignment, route: Route, integration: Integration) -> bool:
    """Reports go to the integration's own sender, and are none of its mail."""
    if route.kind is RouteKind.SANDBOX or consignment.sender is None:
        return True
    team = integration.registration.team_recipients
    return all(str(each.address).lower() in team for each in consignment.recipients)
