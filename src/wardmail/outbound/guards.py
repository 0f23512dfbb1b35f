"""What is checked again before each attempt; a guard can hold back what was decided, never let out more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum

from wardmail.model.consignment import Consignment
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.route import Route, RouteKind
from wardmail.model.stored import Charge


class Guard(Enum):
    """GO, WAIT (nothing is wrong with the message), or why a person must look at it now."""

    GO = ""
    WAIT = "the route is paused or missing"
    SUSPENDED = "the integration was suspended after the message was accepted"
    NOT_ACCREDITED = "it is sensitive, and the route's DCB1596 accreditation has ended since it was accepted"


def check(consignment: Consignment, route: Route | None, integrations: Mapping[str, Integration], today: date) -> Guard:
    """SEC-2 at every attempt: an accreditation that ended while a message waited counts."""
    if route is None or route.paused:
        return Guard.WAIT
    integration = integrations.get(consignment.integration_id)
    if integration is not None and integration.state is not IntegrationState.ACTIVE:
        return Guard.SUSPENDED
    if consignment.sensitive and route.kind is not RouteKind.SANDBOX:
        in_date = route.accreditation is not None and route.accreditation.expires >= today
        return Guard.GO if in_date else Guard.NOT_ACCREDITED
    return Guard.GO


def charges_for(route: Route, consignment: Consignment) -> tuple[Charge, ...]:
    """What one attempt costs the upstream's own ceilings (SEND-3), shared by all processes."""
    charges = []
    if route.limits.messages_per_minute is not None:
        charges.append(Charge(f"route-messages:{route.name}", 1, route.limits.messages_per_minute, 60))
    if route.limits.recipients_per_day is not None:
        amount = len(consignment.recipients)
        charges.append(Charge(f"route-recipients:{route.name}", amount, route.limits.recipients_per_day, 86_400))
    return tuple(charges)
